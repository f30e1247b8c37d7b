import type { Fault } from '../../crds/errors/fault.ts';
import type { Outgoing } from '../outgoing/types.ts';
import type { CallSpan } from '../telemetry/span.ts';
import type { PreparedSound, Sound } from './sound.ts';
import type { SpeechOptions } from './speech/engines.ts';

export interface PrepareContext {
  /** Namespace on whose behalf the sound is fetched; copies of fetched sounds are not shared between accounts. */
  readonly account: string;
  /** Ends this caller's interest. Work that others wait for too goes on. */
  readonly signal: AbortSignal;
  /** Gets the attributes `pivot.media.*`. */
  readonly span: CallSpan;
}

export type Preparation =
  | { readonly ok: true; readonly prepared: PreparedSound; readonly warnings: readonly Fault[] }
  | { readonly ok: false; readonly fault: Fault };

export interface SoundLimits {
  /** Bytes of a fetched file. Default 10 MB. */
  readonly fetchBytes: number;
  /** Milliseconds for fetching a file, redirects included. Default 10 s. */
  readonly fetchMs: number;
  /** Milliseconds for speaking a text, waiting for the engine included. Default 20 s. */
  readonly speechMs: number;
  /** Milliseconds for converting a file. Default 20 s. */
  readonly convertMs: number;
  /** Milliseconds that a sound may last. Default one hour. */
  readonly soundMs: number;
  /** Bytes of text spoken at once; the rest is cut. Default 4000 (spec pivot-behaviour 2.8). */
  readonly textBytes: number;
  /** Bytes of all stored sounds; the least recently used go first. Default 512 MB. */
  readonly storedBytes: number;
  /** Milliseconds after its fetch that a copy still stands in for a failing server. Default 7 days. */
  readonly staleMs: number;
}

export interface SoundLibraryOptions {
  /** Where sounds are stored; made if missing. FreeSWITCH must see it under the same path, unless `mediaUrl` is set. */
  readonly folder: string;
  /** Base URL at which `folder` is served to a FreeSWITCH that shares no disk; a reference is then `mediaUrl/FILE`. */
  readonly mediaUrl?: string;
  readonly outgoing: Pick<Outgoing, 'request'>;
  /** Looks a media resource up; undefined when there is none. */
  readonly resolveMedia?: (account: string, id: string) => Sound | undefined | Promise<Sound | undefined>;
  readonly speech?: SpeechOptions;
  readonly limits?: Partial<SoundLimits>;
  /** Threads that speak and decode. Default 1; they start when needed and end when idle. */
  readonly threads?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Told what no call is told: damaged copies, a folder that cannot be cleaned. */
  readonly report?: (fault: Fault) => void;
}

/** Makes sounds ready for FreeSWITCH: fetches, speaks, converts and keeps them. */
export interface SoundLibrary {
  /** Makes the folder ready; throws a `PivotError` when it cannot be used. Done by the first `prepare` otherwise. */
  open(): Promise<void>;
  /** Rejects only with the reason of `signal`. The warnings are for the caller to report. */
  prepare(sound: Sound, context: PrepareContext): Promise<Preparation>;
  /** Ends threads and programs, and removes what was not to be kept. */
  close(): Promise<void>;
}
