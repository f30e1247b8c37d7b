import { twimlCodes } from '../../../crds/errors/twiml.ts';
import type { Stayed } from '../../conference/rooms.ts';
import { type AttributesOf, type AttributeTable, readAttributes } from '../attributes.ts';
import type { Position } from '../markup.ts';
import { METHOD } from '../next.ts';
import type { TwimlContext } from '../outcome.ts';
import type { Report } from '../report.ts';
import { resolveUrl } from '../urls.ts';
import { type NounDefinition, skipNested } from '../verb.ts';
import { soundReference } from '../verbs/play.ts';
import { callbackOf, RECORDING_CALLBACK, TRIM } from '../verbs/record.ts';
import { hearWhile, type WaitVerbs, waitSource } from '../wait-source.ts';
import { directText, type XmlElement } from '../xml.ts';

const PROFILE = 'Kazoo’s own.';

const CONFERENCE_ATTRIBUTES = {
  startConferenceOnEnter: {
    kind: 'boolean',
    default: true,
    description:
      'Whether the conference may start with this participant. It starts when two are there and one of them has `true`; until then each hears `waitUrl`.',
  },
  endConferenceOnExit: {
    kind: 'boolean',
    default: false,
    description: 'Whether it is over for everybody when this participant leaves.',
  },
  muted: { kind: 'boolean', default: false, description: 'Whether the participant is not heard.' },
  deaf: {
    kind: 'boolean',
    default: false,
    description: 'Whether the participant does not hear.',
    differs: 'Kazoo has it, Twilio does not.',
  },
  beep: {
    kind: 'word',
    values: ['true', 'false', 'onEnter', 'onExit'],
    default: 'true',
    description: 'A beep when the participant enters, leaves, both (`true`) or never.',
    differs: 'In Kazoo `onEnter` and `onExit` count as `false`.',
  },
  maxParticipants: {
    kind: 'integer',
    default: 250,
    min: 2,
    max: 250,
    belowMin: 'min',
    description:
      'Most participants; the first one’s counts. Who comes later gets a warning in the trace, and the document goes on.',
    differs: 'Kazoo has 40 at most, and ends the call at values out of range.',
  },
  waitUrl: {
    kind: 'wait',
    default: undefined,
    description:
      'What is heard until it starts: a file (`.wav`, `.mp3`), a stream or a PivotMedia, again and again; or a document of `<Play>`, `<Say>`, `<Pause>`, `<Redirect>`, which is asked for anew at its end. Empty: silence. Default: two soft notes now and then.',
    differs: 'Kazoo takes it for a file whatever it is.',
  },
  waitMethod: METHOD,
  record: {
    kind: 'word',
    values: ['do-not-record', 'record-from-start'],
    default: 'do-not-record',
    description: 'Whether it is recorded, all participants together, from its start to its end.',
    differs: 'Kazoo does not have it.',
  },
  trim: TRIM,
  ...RECORDING_CALLBACK,
  statusCallback: {
    kind: 'url',
    default: undefined,
    description:
      'Told of the conference, with `ConferenceSid`, `FriendlyName`, `StatusCallbackEvent`, `SequenceNumber`, `Timestamp` and of participants `CallSid`, `Muted`, `Hold`, `StartConferenceOnEnter`, `EndConferenceOnExit`. The first participant’s counts.',
    differs: 'Kazoo does not have it.',
  },
  statusCallbackMethod: METHOD,
  statusCallbackEvent: {
    kind: 'words',
    values: ['start', 'end', 'join', 'leave'],
    default: ['start', 'end', 'join', 'leave'],
    description: 'Of what it is told.',
    differs: 'Twilio has no default, and `mute`, `hold`, `modify`, `speaker`, `announcement` besides.',
  },
  recordingConfigurationId: { kind: 'not yet', description: 'Twilio’s own.' },
  participantLabel: { kind: 'not yet', description: 'A name by which its API finds the participant.' },
  coach: { kind: 'not yet', description: 'Being heard by one participant only.' },
  jitterBufferSize: { kind: 'not yet', description: 'Twilio’s own.' },
  region: { kind: 'not yet', description: 'Twilio’s own.' },
  eventCallbackUrl: { kind: 'not yet', description: 'The older name of `statusCallback`.' },
  play_name: { kind: 'not yet', description: PROFILE },
  play_entry_prompt: { kind: 'not yet', description: PROFILE },
  announceCount: { kind: 'not yet', description: PROFILE },
  callerControls: { kind: 'not yet', description: PROFILE },
  moderatorControls: { kind: 'not yet', description: PROFILE },
  callerIdName: { kind: 'not yet', description: PROFILE },
  callerIdNumber: { kind: 'not yet', description: PROFILE },
  comfortNoise: { kind: 'not yet', description: PROFILE },
  energyLevel: { kind: 'not yet', description: PROFILE },
  interval: { kind: 'not yet', description: PROFILE },
  rate: { kind: 'not yet', description: PROFILE },
  engine: { kind: 'not yet', description: PROFILE },
  voice: { kind: 'not yet', description: PROFILE },
  id: { kind: 'not yet', description: PROFILE },
  profileName: { kind: 'not yet', description: PROFILE },
  endConferenceOnLastMemberExit: { kind: 'not yet', description: PROFILE },
} as const satisfies AttributeTable;

export interface ConferenceNoun extends Position, AttributesOf<typeof CONFERENCE_ATTRIBUTES> {
  readonly noun: 'Conference';
  readonly name: string;
}

export const conferenceNoun: NounDefinition = {
  name: 'Conference',
  summary:
    'The name of a room of the account; whoever names it is in it. When the participant leaves, is taken out, or the conference is over, the `action` is asked with `DialCallStatus=answered`, or the document goes on.',
  attributes: CONFERENCE_ATTRIBUTES,
};

export function parseConference(element: XmlElement, report: Report): ConferenceNoun | undefined {
  const attributes = readAttributes(element, CONFERENCE_ATTRIBUTES, report);
  skipNested(element, report);
  const name = directText(element);
  if (name === '') {
    report.warn(twimlCodes.nothingToDo, '<Conference> names no room; it was skipped.', element);
    return undefined;
  }
  return { noun: 'Conference', line: element.line, column: element.column, ...attributes, name };
}

const WAIT_VERBS: WaitVerbs = ['Play', 'Say', 'Pause', 'Redirect'];

/** Stays in the room; `signal` ends the stay. Rejects when the call ends. */
export function confer(noun: ConferenceNoun, context: TwimlContext, signal?: AbortSignal): Promise<Stayed> {
  const { call, span, rooms, settings, documentUrl } = context;
  const { account, callId, callflow } = call.facts();
  const wait = waitSource(noun.waitUrl, noun.waitMethod, soundReference);
  const recordingCallback = callbackOf(noun, context);
  return rooms.join({
    call,
    account,
    name: noun.name,
    startOnEnter: noun.startConferenceOnEnter,
    endOnExit: noun.endConferenceOnExit,
    muted: noun.muted,
    deaf: noun.deaf,
    beep: {
      enter: noun.beep === 'true' || noun.beep === 'onEnter',
      exit: noun.beep === 'true' || noun.beep === 'onExit',
    },
    maxParticipants: noun.maxParticipants,
    wait: async (until) => {
      const parameters = () => ({ FriendlyName: noun.name });
      await hearWhile(wait, context, WAIT_VERBS, parameters, until);
    },
    span,
    dialler: context.dialler,
    ...(signal === undefined ? {} : { signal }),
    ...(noun.statusCallback === undefined
      ? {}
      : {
          callback: {
            url: resolveUrl(documentUrl, noun.statusCallback),
            method: noun.statusCallbackMethod ?? 'POST',
            events: noun.statusCallbackEvent,
            settings,
          },
        }),
    ...(noun.record === 'do-not-record'
      ? {}
      : {
          recording: {
            settings,
            about: {
              account,
              callId,
              callflow,
              source: 'Conference',
              channels: 1,
              format: 'wav',
              trim: noun.trim === 'trim-silence',
              traceparent: span.traceparent,
              ...(recordingCallback === undefined ? {} : { callback: recordingCallback }),
            },
          },
        }),
  });
}
