import type { Json } from '../../crds/callflow/node.ts';
import type { Fault } from '../../crds/errors/fault.ts';
import type { LegMedia } from '../media/leg-media.ts';
import type { Sound } from '../media/sound.ts';
import type { CallSpan } from '../telemetry/span.ts';
import type { DigitQueue } from './digits.ts';
import type { CallFacts, RecordingFacts } from './facts.ts';
import type { Referred } from './refer.ts';

/** Why a call is over; the reason of `Call.signal`. */
export interface CallEnd {
  /** Who ended it. */
  readonly side: 'caller' | 'callee' | 'worker' | 'media';
  /** Q.850 cause by FreeSWITCH's name, e.g. `NORMAL_CLEARING`, `ORIGINATOR_CANCEL`. */
  readonly cause: string;
  /** The SIP status, when the call ended before it was answered. */
  readonly sipStatus?: number;
}

export interface PlayOptions {
  /** Keys that stop the sound, e.g. `0123456789*#`; empty for none. The key stays in the digit queue. */
  readonly stopOn: string;
  /** Play as early media (183) instead of answering first. Default false: an unanswered call is answered. */
  readonly early?: boolean;
  /** Ends the sound early, besides the call's own end. */
  readonly signal?: AbortSignal;
  /** Where to note what was played. */
  readonly span: CallSpan;
}

export type PlayOutcome =
  | { readonly kind: 'finished' }
  /** A key of `stopOn` was pressed. */
  | { readonly kind: 'digit'; readonly digit: string }
  /** `options.signal` was aborted. */
  | { readonly kind: 'stopped' }
  /** The sound could not be had or played; the call goes on. */
  | { readonly kind: 'failed'; readonly fault: Fault };

export interface RecordOptions {
  /** The wav file that FreeSWITCH writes. */
  readonly path: string;
  readonly maxSeconds: number;
  /** So much silence ends it; 0: none does. */
  readonly silenceSeconds: number;
  /** Keys that end it; the key is taken out of the digit queue. */
  readonly stopOn: string;
  readonly span: CallSpan;
}

/** Why a recording of the caller ended, and how long it had become. The file is complete. */
export type RecordOutcome =
  | { readonly endedBy: 'key'; readonly key: string }
  | { readonly endedBy: 'silence' | 'limit'; readonly ms: number }
  | { readonly endedBy: 'hangup' }
  | { readonly endedBy: 'failed'; readonly fault: Fault };

/** A recording that goes on beside whatever the call does. */
export interface BackgroundRecording {
  /** Resolves when FreeSWITCH has closed the file. Never rejects. */
  stop(): Promise<void>;
}

/** What a call may remember about itself; changed by verbs and actions, read by webhooks. */
export interface CallMemory {
  language: string;
  readonly customApplicationVars: Map<string, Json>;
  readonly customSipHeaders: Map<string, string>;
  /** Custom channel variables: normalised names (lower case, `_`). */
  readonly customChannelVars: Map<string, string>;
  readonly collections: Map<string, string>;
  /** Names of collections whose digits nobody is shown. */
  readonly sensitiveCollections: Set<string>;
  readonly variables: Map<string, string>;
  recording: RecordingFacts | undefined;
  /** How the caller id that later legs are shown differs from the caller's own. */
  callerId: CallerIdChanges;
}

/** What actions have said of the caller id of later legs; each wins over those before it. */
export interface CallerIdChanges {
  /** Chosen in place of the caller's own (`dynamic_cid`). */
  readonly chosen: { readonly number?: string; readonly name?: string };
  /** Before the caller's own, or what was chosen (`prepend_cid`). */
  readonly prefix: { readonly number: string; readonly name: string };
  /** In place of all that (`set_cid`). */
  readonly rewrite: { readonly number?: string; readonly name?: string };
  /** Not shown to the called side (`privacy`). */
  readonly hide: { readonly number: boolean; readonly name: boolean };
}

export const OWN_CALLER_ID: CallerIdChanges = {
  chosen: {},
  prefix: { number: '', name: '' },
  rewrite: {},
  hide: { number: false, name: false },
};

/**
 * One call: the A-leg and what may be done with it. Verbs and callflow modules see this and nothing of drachtio or FreeSWITCH.
 * Every method rejects with the signal's reason once the call is over, so that work for a dead call stops where it stands.
 */
export interface Call {
  /** Aborted when the call ends, for whatever reason; `reason` is a `CallEnd`. */
  readonly signal: AbortSignal;
  readonly digits: DigitQueue;
  readonly memory: CallMemory;
  readonly answered: boolean;
  /** The root span. */
  readonly span: CallSpan;
  /** What is known right now. */
  facts(): CallFacts;
  /** Resolves once the call has been answered, whoever does it; rejects with the signal's reason when it ends before. */
  untilAnswered(): Promise<void>;
  /** Answers (200 OK) if it has not been; media is then flowing. */
  answer(): Promise<void>;
  /** Plays one sound once; see `PlayOptions`. Never rejects but for the call's end. */
  play(sound: Sound, options: PlayOptions): Promise<PlayOutcome>;
  /**
   * Records what the caller says (answers first), until a key, silence, the limit or the call's end; the last is an outcome and no rejection, so
   * that what was recorded can be dealt with. Rejects when the call is over before it begins.
   */
  record(options: RecordOptions): Promise<RecordOutcome>;
  /** Records what the caller says and hears, on two channels or mixed on one, until `stop` or the call's end (answers first). */
  recordBeside(options: { path: string; channels: 1 | 2; maxSeconds: number }): Promise<BackgroundRecording>;
  /** Its sound, to be joined with a room or another leg (answers first). */
  media(): Promise<LegMedia>;
  /** The same without answering: early media (183) where the call has not been answered. */
  earlyMedia(): Promise<LegMedia>;
  /** Sends DTMF to the caller (answers first). `durationMs` per digit; `w` pauses half a second, `W` one second. */
  sendDigits(digits: string, durationMs?: number): Promise<void>;
  /**
   * Tells the leg's side by SIP REFER to call `uri` (answers first), and waits for the result, at most `limitMs`. The leg's end is a result and no
   * rejection; rejects when it is over before it begins.
   */
  refer(uri: string, limitMs: number): Promise<Referred>;
  /** Waits; ends early, by rejecting, only when the call ends or `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Ends the call. Before it was answered: the SIP status that stands for `cause` (or `sipStatus`/`reason` as given);
   * afterwards BYE. Idempotent; resolves when done.
   */
  hangup(options?: { cause?: string; sipStatus?: number; reason?: string }): Promise<void>;
}
