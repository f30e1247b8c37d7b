import type { Readable } from 'node:stream';

/** A part of a file, both ends included. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

export interface StoredSound {
  /** Bytes of the whole. */
  readonly size: number;
  /** The part that was asked for, or the whole. */
  readonly stream: Readable;
}

/** Where finished recordings are kept for good, when not on the worker's disk. */
export interface RecordingStore {
  /** For the trace and the log: `s3://bucket/prefix`. */
  readonly name: string;
  put(key: string, file: string, contentType: string, signal: AbortSignal): Promise<void>;
  size(key: string, signal: AbortSignal): Promise<number | undefined>;
  /** Undefined when it is not there. */
  get(key: string, range: ByteRange | undefined, signal: AbortSignal): Promise<StoredSound | undefined>;
  close(): void;
}
