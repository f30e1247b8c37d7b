import type { Json } from '../../crds/callflow/node.ts';
import type { Fault } from '../../crds/errors/fault.ts';
import type { Sound } from '../media/sound.ts';
import type { CallSpan } from '../telemetry/span.ts';
import type { DigitQueue } from './digits.ts';
import type { CallFacts, RecordingFacts } from './facts.ts';

/** Why a call is over; the reason of `Call.signal`. */
export interface CallEnd {
  /** Who ended it. */
  readonly side: 'caller' | 'worker' | 'media';
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

/** What a call may remember about itself; changed by verbs and actions, read by webhooks. */
export interface CallMemory {
  language: string;
  readonly customApplicationVars: Map<string, Json>;
  readonly customSipHeaders: Map<string, string>;
  /** Custom channel variables: normalised names (lower case, `_`). */
  readonly customChannelVars: Map<string, string>;
  readonly collections: Map<string, string>;
  readonly variables: Map<string, string>;
  recording: RecordingFacts | undefined;
}

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
  /** Answers (200 OK) if it has not been; media is then flowing. */
  answer(): Promise<void>;
  /** Plays one sound once; see `PlayOptions`. Never rejects but for the call's end. */
  play(sound: Sound, options: PlayOptions): Promise<PlayOutcome>;
  /** Sends DTMF to the caller (answers first). `durationMs` per digit; `w` pauses half a second, `W` one second. */
  sendDigits(digits: string, durationMs?: number): Promise<void>;
  /** Waits; ends early, by rejecting, only when the call ends or `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Ends the call. Before it was answered: the SIP status that stands for `cause` (or `sipStatus`/`reason` as given);
   * afterwards BYE. Idempotent; resolves when done.
   */
  hangup(options?: { cause?: string; sipStatus?: number; reason?: string }): Promise<void>;
}
