/** What is known of one recording, kept in a JSON file beside its sound until everything about it is done, and for as long as it is kept. */

export type RecordingFormat = 'wav' | 'mp3';

/** Where a recording goes beside the worker's own store. */
export type Destination =
  /** Put or posted to a URL, whole, as the body. */
  | { readonly kind: 'http'; readonly method: 'PUT' | 'POST' | 'PATCH'; readonly url: string }
  /** The bucket that the worker is configured with. */
  | { readonly kind: 'store'; readonly key: string };

/** Twilio's words. */
export type RecordingStatus = 'in-progress' | 'completed' | 'absent' | 'failed';

export interface StatusCallback {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly events: readonly RecordingStatus[];
}

/** Twilio's words for what was recorded. */
export type RecordingSource = 'RecordVerb' | 'DialVerb' | 'Conference' | 'RecordCall' | 'RecordCaller';

/** What is asked for when a recording begins. */
export interface RecordingAbout {
  readonly account: string;
  readonly callId: string;
  /** `namespace/name`, for the settings that its callbacks are signed with. */
  readonly callflow: string;
  readonly source: RecordingSource;
  readonly channels: 1 | 2;
  /** Kind of file that is uploaded. The worker's own store has the wav. */
  readonly format: RecordingFormat;
  readonly trim: boolean;
  /** Shorter recordings are dropped (seconds). */
  readonly minSeconds?: number;
  /** A URL to upload to instead of the configured store. `name` is made of the recording's id when absent. */
  readonly upload?: { readonly url: string; readonly method: 'PUT' | 'POST' | 'PATCH'; readonly naming: UploadNaming };
  readonly callback?: StatusCallback;
  /** W3C trace context of the span that its delivery belongs to. */
  readonly traceparent: string;
}

/**
 * How the URL of an upload is made. `sid`: `URL/SID.EXT`. `kazoo`: `URL/call_recording_CALL-ID.EXT?from=…`, the pairs being what Kazoo
 * tells the receiver.
 */
export type UploadNaming =
  | { readonly kind: 'sid' }
  | { readonly kind: 'kazoo'; readonly pairs: readonly (readonly [name: string, value: string])[] };

export interface RecordingEntry {
  readonly version: 1;
  readonly sid: string;
  readonly account: string;
  readonly callId: string;
  readonly callflow: string;
  readonly source: RecordingSource;
  readonly channels: 1 | 2;
  readonly trim: boolean;
  readonly minSeconds: number;
  readonly traceparent: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** `recording`: the file grows. `done`: it is complete. */
  readonly state: 'recording' | 'done';
  /** Of the sound, once it is done. */
  readonly durationMs?: number;
  /** What web servers are told as `RecordingUrl`. */
  readonly url: string;
  readonly format: RecordingFormat;
  /** It stays in the folder when all is done: there is no other place for it. */
  readonly keptHere: boolean;
  /** Still to be delivered there. */
  readonly destination?: Destination;
  readonly callback?: StatusCallback;
  /** Statuses that the callback has still to be told, in order. */
  readonly toTell: readonly RecordingStatus[];
  /** Attempts at the present delivery that failed, and when the first did (milliseconds since 1970). */
  readonly failures: number;
  readonly failingSince?: number;
  /** The upload was given up; `destination` still says where it was to go. */
  readonly uploadGivenUp?: boolean;
}

const SID = /^RE[0-9a-f]{32}$/;

export function isSid(text: string): boolean {
  return SID.test(text);
}

/** An entry of a file's text; undefined when it is none. */
export function readEntry(text: string): RecordingEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const entry = value as Partial<RecordingEntry>;
  const texts = [entry.sid, entry.account, entry.callId, entry.callflow, entry.source, entry.url, entry.traceparent];
  if (entry.version !== 1 || texts.some((one) => typeof one !== 'string') || !isSid(entry.sid ?? '')) return undefined;
  if (typeof entry.startedAt !== 'number' || !Array.isArray(entry.toTell)) return undefined;
  if (entry.state !== 'recording' && entry.state !== 'done') return undefined;
  return {
    ...(entry as RecordingEntry),
    failures: entry.failures ?? 0,
    minSeconds: entry.minSeconds ?? 0,
    keptHere: entry.keptHere ?? true,
  };
}

/** What is to be sent next, if anything. The sound goes first: who is told of a recording wants to fetch it. */
export function nextStep(entry: RecordingEntry): 'upload' | RecordingStatus | undefined {
  const [status] = entry.toTell;
  if (status === 'in-progress') return status;
  if (entry.state !== 'done') return undefined;
  if (entry.destination !== undefined && entry.uploadGivenUp !== true) return 'upload';
  return status;
}
