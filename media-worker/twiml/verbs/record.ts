import { faultOf } from '../../../crds/errors/fault.ts';
import { recordingCodes } from '../../../crds/errors/recording.ts';
import type { RecordOutcome } from '../../call/call.ts';
import type { RecordingAbout, StatusCallback } from '../../recordings/entry.ts';
import type { OpenRecording } from '../../recordings/recordings.ts';
import { type AttributesOf, type AttributeTable, readAttributes } from '../attributes.ts';
import type { Position } from '../markup.ts';
import { METHOD, nextExchange } from '../next.ts';
import type { TwimlContext, VerbOutcome } from '../outcome.ts';
import type { Report } from '../report.ts';
import { resolveUrl } from '../urls.ts';
import { CONTINUE, skipNested, skipText, type VerbDefinition, verbOf } from '../verb.ts';
import type { XmlElement } from '../xml.ts';

/** Kazoo's beep: 440 Hz for half a second, and a tenth of silence after it. */
const BEEP = 'tone_stream://%(500,100,440)';
const TRANSCRIPTION = 'Transcription.';

/** `recordingStatusCallback` and what belongs to it; the same wherever something is recorded. */
export const RECORDING_CALLBACK = {
  recordingStatusCallback: {
    kind: 'url',
    default: undefined,
    description:
      'Told of the recording, with `RecordingSid`, `RecordingStatus`, `RecordingUrl`, `RecordingDuration`, `RecordingChannels`, `RecordingStartTime`, `RecordingSource`, `RecordingTrack`; repeated until it answers with 2xx, for a day, also after a restart.',
    differs: 'Kazoo does not have it.',
  },
  recordingStatusCallbackMethod: METHOD,
  recordingStatusCallbackEvent: {
    kind: 'words',
    values: ['in-progress', 'completed', 'absent'],
    default: ['completed'],
    description:
      'Of what it is told: `in-progress` (it has begun), `completed` (it can be fetched), `absent` (nothing was recorded). An upload that was given up is told as `failed` in place of `completed`.',
  },
} as const satisfies AttributeTable;

/** Where a recording is uploaded; the same wherever something is recorded. */
export const RECORDING_UPLOAD = {
  recordingUrl: {
    kind: 'url',
    default: undefined,
    description:
      'Where the file is uploaded when it is complete: `URL/SID.wav`, as the body of the request, repeated until it is taken, for a day, also after a restart. `RecordingUrl` is that place then. Default: it is kept in the store of the worker.',
    differs:
      'Kazoo has it (there it ends the call), Twilio does not. Kazoo uploads to `action` when it is absent, under one name for all recordings of a call.',
  },
  recordStoreMethod: {
    kind: 'word',
    values: ['PUT', 'POST', 'PATCH'],
    default: 'PUT',
    description: 'Method of that upload.',
    differs: '2600Hz’s tables have it, Kazoo’s code and Twilio do not.',
  },
} as const satisfies AttributeTable;

export const TRIM = {
  kind: 'word',
  values: ['trim-silence', 'do-not-trim'],
  default: 'trim-silence',
  description:
    'Whether silence at both ends is cut off (but for 100 ms). `RecordingDuration` is the length afterwards.',
  differs: 'Kazoo does not cut.',
} as const;

export const RECORD_ATTRIBUTES = {
  action: {
    kind: 'url',
    default: undefined,
    description:
      'Where to ask next, with `RecordingUrl`, `RecordingSid`, `RecordingDuration` and `Digits` (the key that ended it, or `hangup`). When the caller hung up it is told all the same, once, and its answer is not used. Default: none; the next verb runs.',
    differs: 'With Twilio and Kazoo the default is the current document, which often records again and again.',
  },
  method: METHOD,
  timeout: {
    kind: 'integer',
    default: 5,
    min: 0,
    max: 3600,
    belowMin: 'default',
    unit: 's',
    description: 'So much silence ends it. 0: none does.',
    differs: 'In Kazoo 0 ends the call.',
  },
  finishOnKey: {
    kind: 'keys',
    default: '0123456789*#',
    description: 'Keys that end it. Empty: no key does. Other keys stay typed ahead for a following `<Gather>`.',
  },
  maxLength: {
    kind: 'integer',
    default: 3600,
    min: 1,
    max: 14_400,
    belowMin: 'default',
    unit: 's',
    description: 'Longest recording.',
    differs: 'Kazoo has 3600 at most.',
  },
  playBeep: { kind: 'boolean', default: true, description: 'A beep before it: 440 Hz for half a second.' },
  trim: TRIM,
  ...RECORDING_CALLBACK,
  ...RECORDING_UPLOAD,
  recordingConfigurationId: { kind: 'not yet', description: 'Twilio’s own.' },
  transcribe: { kind: 'not yet', description: TRANSCRIPTION },
  transcribeCallback: { kind: 'not yet', description: TRANSCRIPTION },
} as const satisfies AttributeTable;

export interface RecordVerb extends Position, AttributesOf<typeof RECORD_ATTRIBUTES> {
  readonly verb: 'Record';
}

function parse(element: XmlElement, report: Report): RecordVerb {
  const attributes = readAttributes(element, RECORD_ATTRIBUTES, report);
  skipNested(element, report);
  skipText(element, report);
  return { ...verbOf('Record', element), ...attributes };
}

/** The callback that an element asks for. */
export function callbackOf(
  attributes: AttributesOf<typeof RECORDING_CALLBACK>,
  context: TwimlContext,
): StatusCallback | undefined {
  const { recordingStatusCallback: url, recordingStatusCallbackMethod: method } = attributes;
  if (url === undefined) return undefined;
  return {
    url: resolveUrl(context.documentUrl, url),
    method: method ?? 'POST',
    events: attributes.recordingStatusCallbackEvent,
  };
}

/** The upload that an element asks for. */
export function uploadOf(
  { recordingUrl, recordStoreMethod }: AttributesOf<typeof RECORDING_UPLOAD>,
  context: TwimlContext,
): RecordingAbout['upload'] {
  if (recordingUrl === undefined) return undefined;
  return { url: resolveUrl(context.documentUrl, recordingUrl), method: recordStoreMethod, naming: { kind: 'sid' } };
}

function aboutOf(verb: RecordVerb, context: TwimlContext): RecordingAbout {
  const { account, callId, callflow } = context.call.facts();
  const callback = callbackOf(verb, context);
  const upload = uploadOf(verb, context);
  return {
    account,
    callId,
    callflow,
    source: 'RecordVerb',
    channels: 1,
    format: 'wav',
    trim: verb.trim === 'trim-silence',
    traceparent: context.span.traceparent,
    ...(upload === undefined ? {} : { upload }),
    ...(callback === undefined ? {} : { callback }),
  };
}

/** Silence from its beginning: Kazoo and Twilio go on with the next verb, as if nothing had been recorded. */
function nothingSaid(outcome: RecordOutcome, timeout: number): boolean {
  return outcome.endedBy === 'silence' && outcome.ms <= timeout * 1000 + SILENCE_SLACK_MS;
}
const SILENCE_SLACK_MS = 100;

async function openOrWarn(verb: RecordVerb, context: TwimlContext): Promise<OpenRecording | undefined> {
  try {
    const recording = await context.recordings.open(aboutOf(verb, context), context.settings);
    for (const warning of recording.warnings) context.span.warn(warning);
    return recording;
  } catch (error) {
    context.span.warn(faultOf(error, recordingCodes.notRecorded));
    return undefined;
  }
}

async function execute(verb: RecordVerb, context: TwimlContext): Promise<VerbOutcome> {
  const { call, span } = context;
  await call.answer();
  if (verb.playBeep) await call.play({ kind: 'stream', uri: BEEP }, { stopOn: '', span });
  const recording = await openOrWarn(verb, context);
  if (recording === undefined) return CONTINUE;
  span.set({ 'pivot.recording.sid': recording.sid });
  const outcome = await call
    .record({
      path: recording.path,
      maxSeconds: verb.maxLength,
      silenceSeconds: verb.timeout,
      stopOn: verb.finishOnKey,
      span,
    })
    .catch(async (error: unknown): Promise<never> => {
      await recording.finish({ absent: true });
      throw error;
    });
  const finished = await recording.finish({
    absent: outcome.endedBy === 'failed' || nothingSaid(outcome, verb.timeout),
  });
  span.set({ 'pivot.recording.ended_by': outcome.endedBy, 'pivot.recording.result': finished.kind });
  if (finished.kind === 'absent') {
    if (finished.fault !== undefined) span.warn(finished.fault);
    return CONTINUE;
  }
  const { sid, url, durationMs, durationSeconds } = finished;
  span.set({ 'pivot.recording.duration_ms': durationMs });
  call.memory.recording = { sid, url, durationSeconds };
  if (verb.action === undefined) return CONTINUE;
  const digits = outcome.endedBy === 'key' ? outcome.key : outcome.endedBy === 'hangup' ? 'hangup' : '';
  return nextExchange(context, verb.action, verb.method, { Digits: digits });
}

export const record: VerbDefinition<RecordVerb> = {
  name: 'Record',
  summary:
    'Records what the caller says, after a beep, until a key, silence, the longest length or hang-up. Answers the call. Silence alone counts as no recording: the next verb runs, and nothing is kept.',
  content: 'Nothing.',
  example: '<Record action="/message" timeout="3" maxLength="120" finishOnKey="#"/>',
  attributes: RECORD_ATTRIBUTES,
  differences: [
    'Kazoo does not answer first, and takes white space in `<Record> </Record>` for an unknown verb.',
    'Fetch `RecordingUrl` as it is for wav, or with `.mp3` appended where `lame` or `ffmpeg` is installed beside the worker. Twilio’s transcriptions are not there.',
  ],
  parse,
  execute,
};
