import { dialCodes } from '../../../crds/errors/dial.ts';
import { twimlCodes } from '../../../crds/errors/twiml.ts';
import type { Stayed } from '../../conference/rooms.ts';
import { dialledDigits } from '../../dial/numbers.ts';
import { RING_TONES } from '../../dial/ring-tones.ts';
import { type AttributesOf, type AttributeTable, readAttributes } from '../attributes.ts';
import { callOut } from '../call-out.ts';
import type { Position } from '../markup.ts';
import { METHOD, nextExchange } from '../next.ts';
import { CALLED_NOUNS, type CalledNoun, calledNumber, isCalledNoun, parseCalled } from '../nouns/called.ts';
import { type ConferenceNoun, confer, conferenceNoun, parseConference } from '../nouns/conference.ts';
import { dequeue, parseQueue, type QueueNoun, queueNoun } from '../nouns/queue.ts';
import type { TwimlContext, VerbOutcome } from '../outcome.ts';
import { quoted, type Report } from '../report.ts';
import { CONTINUE, skipChild, type VerbDefinition, verbOf } from '../verb.ts';
import { childElements, directText, type XmlElement } from '../xml.ts';
import { RECORDING_CALLBACK, RECORDING_UPLOAD, TRIM } from './record.ts';

export const DIAL_ATTRIBUTES = {
  action: {
    kind: 'url',
    default: undefined,
    description:
      'Where to ask when it has ended, with `DialCallStatus` (`completed`, `busy`, `no-answer`, `failed`, `canceled`; `answered` for a conference), `DialCallSid`, `DialCallDuration`, `DialBridged`, and `RecordingUrl`, `RecordingSid`, `RecordingDuration` where it was recorded. When the caller hung up it is told all the same, once, and its answer is not used. Default: none; the next verb runs.',
  },
  method: METHOD,
  timeout: {
    kind: 'integer',
    default: 30,
    min: 1,
    max: 600,
    belowMin: 'default',
    unit: 's',
    description:
      'How long it rings, each noun where they ring one after the other; or how long to wait for somebody to come into an empty queue.',
    differs: 'In Kazoo 0 ends the call, and some forms ring for 20 s.',
  },
  timeLimit: {
    kind: 'integer',
    default: 14_400,
    min: 1,
    max: 86_400,
    belowMin: 'default',
    unit: 's',
    description: 'Longest connection. At its end the called side is hung up, and the document goes on.',
    differs: 'In Kazoo the end of the time ends the call.',
  },
  callerId: {
    kind: 'text',
    default: undefined,
    description:
      'The number that the called side sees. The trunk says which numbers may be shown ([PV-2509](errors.md)). Default: the caller’s own.',
    differs: 'In Kazoo it has no effect on calls of its own devices to telephone numbers.',
  },
  answerOnBridge: {
    kind: 'boolean',
    default: undefined,
    description:
      'Whether the caller is answered only when the called side is. Until then the caller hears its own telephone’s ringing, or what the called side’s carrier plays. Default: `true` with elements, `false` with a number as plain text.',
    differs: 'With Twilio the default is `false`. Kazoo does as our default.',
  },
  ringTone: {
    kind: 'word',
    values: RING_TONES,
    default: 'us',
    description: 'Which country’s ringing an answered caller hears.',
    differs: 'With Twilio the default is that of the number called. Kazoo does not have it.',
  },
  sequential: {
    kind: 'boolean',
    default: false,
    description: 'Rings the nouns one after the other, in their order, instead of all at once.',
    differs: 'Kazoo does not have it.',
  },
  strategy: {
    kind: 'word',
    values: ['simultaneous', 'single'],
    default: 'simultaneous',
    description: '`single`: the same as `sequential`.',
    differs: 'Kazoo’s own; there any value ends the call.',
  },
  hangupOnStar: {
    kind: 'boolean',
    default: false,
    description:
      'Whether `*`, pressed by the caller while both are connected, hangs the called side up; the document goes on.',
    differs: 'In Kazoo it never works.',
  },
  hangupOn: {
    kind: 'keys',
    default: '',
    description: 'Keys with which the caller ends the call while both are connected.',
    differs: 'Kazoo’s own, one key; there it ends calls to telephone numbers before they are placed.',
  },
  collect_dtmf: {
    kind: 'boolean',
    default: false,
    description: 'Whether `action` is told, as `Digits`, what the caller pressed while both were connected.',
    differs: 'Kazoo’s own.',
  },
  continueOnFail: {
    kind: 'boolean',
    default: true,
    description: 'Kept for Kazoo’s documents: the caller always survives a called side that fails.',
    differs: 'Kazoo’s own.',
  },
  record: {
    kind: 'word',
    values: [
      'do-not-record',
      'record-from-answer',
      'record-from-ringing',
      'record-from-answer-dual',
      'record-from-ringing-dual',
      'true',
      'false',
    ],
    default: 'do-not-record',
    description:
      'Records both sides, mixed or (`-dual`) on two channels, the caller left; from the connection, or from the ringing where the caller has been answered by then. `true`: `record-from-answer`.',
    differs: 'Kazoo takes `true` only, and gives no `RecordingUrl`.',
  },
  trim: { ...TRIM, default: 'do-not-trim' },
  ...RECORDING_CALLBACK,
  ...RECORDING_UPLOAD,
  recordingConfigurationId: { kind: 'not yet', description: 'Twilio’s own.' },
  passports: { kind: 'not yet', description: 'Signed caller ids (STIR/SHAKEN).' },
  recordingTrack: { kind: 'not yet', description: 'One side only.' },
  referUrl: { kind: 'not yet', description: 'Transfers by SIP REFER.' },
  referMethod: { kind: 'not yet', description: 'Transfers by SIP REFER.' },
  callReason: { kind: 'not yet', description: 'Twilio’s own.' },
  events: { kind: 'not yet', description: 'Twilio’s own.' },
} as const satisfies AttributeTable;

export interface DialVerb extends Position, AttributesOf<typeof DIAL_ATTRIBUTES> {
  readonly verb: 'Dial';
  /** A conference or queue; then nobody is called. */
  readonly noun: ConferenceNoun | QueueNoun | undefined;
  /** Who is called. */
  readonly called: readonly CalledNoun[];
  /** The number stands as plain text in `<Dial>`. */
  readonly isText: boolean;
}

/** Nouns that only Twilio has. */
const LATER: readonly string[] = ['Client', 'Sim', 'Application', 'WhatsApp'];
const NOUNS: readonly string[] = ['Conference', 'Queue', 'Number', 'Sip', 'User', 'Device'];
/** Nouns that ring for one `<Dial>`: Twilio's figure. */
const MOST_CALLED = 10;

function parse(element: XmlElement, report: Report): DialVerb | undefined {
  const attributes = readAttributes(element, DIAL_ATTRIBUTES, report);
  const text = directText(element);
  const isText = /[0-9+]/.test(text);
  const children = childElements(element);
  const who = isText ? textOf(text, element, report) : nounsOf(element, report);
  if (!isText && text !== '') {
    report.warn(twimlCodes.strayText, `The text ${quoted(text)} in <Dial> is no number; it was skipped.`, element);
  } else if (text === '' && children.length === 0) {
    report.warn(twimlCodes.nothingToDo, '<Dial> names nobody; it was skipped.', element);
  }
  if (who === undefined) return undefined;
  return { ...verbOf('Dial', element), ...attributes, ...who, isText };
}

type Who = Pick<DialVerb, 'noun' | 'called'>;

function textOf(text: string, element: XmlElement, report: Report): Who | undefined {
  for (const child of childElements(element)) {
    report.warn(twimlCodes.nestedSkipped, `<Dial> has a number as text, so <${child.name}> was skipped.`, child);
  }
  if (dialledDigits(text) !== undefined) return { noun: undefined, called: [calledNumber(text, element)] };
  report.warn(dialCodes.badNumber, `${quoted(text)} is no telephone number; <Dial> was skipped.`, element);
  return undefined;
}

/** A conference or queue stands alone, whichever comes first; all others ring together. */
function nounsOf(element: XmlElement, report: Report): Who | undefined {
  let noun: DialVerb['noun'];
  const called: CalledNoun[] = [];
  for (const child of childElements(element)) {
    const { name } = child;
    if (!NOUNS.includes(name) && !LATER.includes(name)) skipChild(child, element, report, [...NOUNS, ...LATER]);
    else if (LATER.includes(name)) {
      report.warn(twimlCodes.verbNotYet, `<${name}> in <Dial> is not run yet and was skipped.`, child);
    } else if (noun !== undefined || (called.length > 0 && !isCalledNoun(name))) {
      const message = `<${name}> was skipped: a conference or queue stands alone in <Dial>.`;
      report.warn(twimlCodes.nestedSkipped, message, child);
    } else if (name === 'Conference') noun = parseConference(child, report);
    else if (name === 'Queue') noun = parseQueue(child, report);
    else if (called.length >= MOST_CALLED) {
      const message = `<${name}> was skipped: <Dial> calls ${MOST_CALLED} at most.`;
      report.warn(dialCodes.tooManyEndpoints, message, child);
    } else if (isCalledNoun(name)) {
      const one = parseCalled(child, name, report);
      if (one !== undefined) called.push(one);
    }
  }
  return noun === undefined && called.length === 0 ? undefined : { noun, called };
}

async function execute(verb: DialVerb, context: TwimlContext): Promise<VerbOutcome> {
  const told = verb.noun === undefined ? await callOut(verb, context) : await enter(verb.noun, verb, context);
  return verb.action === undefined ? CONTINUE : nextExchange(context, verb.action, verb.method, told);
}

/** In a conference, or with the first caller of a queue; the parameters for `action`. */
async function enter(
  noun: NonNullable<DialVerb['noun']>,
  { timeLimit, timeout }: DialVerb,
  context: TwimlContext,
): Promise<Readonly<Record<string, string>>> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(new Error('the time is over')), timeLimit * 1000);
  try {
    return noun.noun === 'Conference'
      ? await stay(noun, context, limit.signal)
      : await dequeue(noun, context, {
          timeoutMs: timeout * 1000,
          connectedMs: timeLimit * 1000,
          limit: limit.signal,
        });
  } finally {
    clearTimeout(timer);
  }
}

/** In a conference; the parameters for `action`. */
async function stay(
  noun: ConferenceNoun,
  context: TwimlContext,
  limit: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const stayed: Stayed = await confer(noun, context, limit);
  context.span.set({ 'pivot.conference.result': stayed.how, 'pivot.conference.ms': stayed.ms });
  if (stayed.fault !== undefined) context.span.warn(stayed.fault);
  return {
    DialCallStatus: stayed.how === 'refused' ? 'failed' : 'answered',
    DialCallDuration: String(Math.round(stayed.ms / 1000)),
    ConferenceSid: stayed.sid,
  };
}

export const dial: VerbDefinition<DialVerb> = {
  name: 'Dial',
  summary:
    'Calls somebody and connects the caller with whoever answers first; or connects with a conference, or with the first caller of a queue. The caller survives the called side: when that hangs up, or nobody answers, the `action` is asked or the next verb runs.',
  content:
    'A number as text, or up to ten `<Number>`, `<Sip>`, `<User>`, `<Device>`, which ring together; or one `<Conference>` or `<Queue>`. White space between elements means nothing.',
  example:
    '<Dial action="/after" timeout="20" callerId="+14155550100"><Number url="/whisper">+14155550101</Number><Sip>sip:ann@pbx.example.com</Sip></Dial>',
  attributes: DIAL_ATTRIBUTES,
  nouns: [...CALLED_NOUNS, conferenceNoun, queueNoun],
  differences: [
    'In Kazoo the called side’s hang-up ends the call, `DialCallStatus` is often not final and never `busy`, and `DialCallDuration` is not there.',
    'In Kazoo the document ends with a conference, and `action` is not asked; `<Queue>` ends the call.',
    'Digits that the caller presses while both are connected go to the called side only; they are not typed ahead for a later `<Gather>`.',
    'A called side that declines (603) counts as `busy`, as in Kazoo. REFER of either side is refused.',
  ],
  parse,
  execute,
};
