import type { FileHandle } from 'node:fs/promises';

/** Bytes of a file in order, without waiting: what has been read ahead is there, the rest comes later. */
export interface FileBytes {
  /** The next `count` bytes or fewer; empty at the end, undefined when the disk is behind. Valid until the next call. */
  next(count: number): Uint8Array | undefined;
  close(): void;
}

/** Files up to this size are read whole; of longer ones two blocks are in memory at a time. */
export const WHOLE_FILE_BYTES = 1024 * 1024;
/** 2 s of 16-bit stereo at 48,000 Hz: as long as the disk may stall unheard. */
const BLOCK_BYTES = 384 * 1024;

/** Takes over the handle. `length` bytes from `start` on, whole samples of `blockAlign` bytes. */
export async function openFileBytes(
  handle: FileHandle,
  start: number,
  length: number,
  blockAlign: number,
): Promise<FileBytes> {
  if (length <= WHOLE_FILE_BYTES) {
    try {
      const data = Buffer.allocUnsafe(length);
      const { bytesRead } = await handle.read(data, 0, length, start);
      return new WholeFile(data.subarray(0, bytesRead - (bytesRead % blockAlign)));
    } finally {
      await handle.close();
    }
  }
  const streamed = new StreamedFile(handle, start, start + length, BLOCK_BYTES - (BLOCK_BYTES % blockAlign));
  await streamed.firstBlock;
  return streamed;
}

class WholeFile implements FileBytes {
  readonly #data: Uint8Array;
  #position = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  next(count: number): Uint8Array {
    const part = this.#data.subarray(this.#position, this.#position + count);
    this.#position += part.length;
    return part;
  }

  close(): void {}
}

class StreamedFile implements FileBytes {
  readonly firstBlock: Promise<void>;
  readonly #handle: FileHandle;
  readonly #end: number;
  #offset: number;
  /** The block being used, and the one read ahead. */
  #current: Buffer;
  #currentLength = 0;
  #position = 0;
  #ahead: Buffer;
  #aheadLength = -1;
  #reading: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(handle: FileHandle, start: number, end: number, blockBytes: number) {
    this.#handle = handle;
    this.#offset = start;
    this.#end = end;
    this.#current = Buffer.allocUnsafe(blockBytes);
    this.#ahead = Buffer.allocUnsafe(blockBytes);
    this.firstBlock = this.#readAhead();
  }

  next(count: number): Uint8Array | undefined {
    if (this.#position >= this.#currentLength) {
      if (this.#aheadLength < 0) return undefined;
      const used = this.#current;
      this.#current = this.#ahead;
      this.#currentLength = this.#aheadLength;
      this.#position = 0;
      this.#ahead = used;
      // The end stays the end, however often it is asked for.
      if (this.#currentLength > 0) void this.#readAhead();
    }
    const part = this.#current.subarray(this.#position, Math.min(this.#position + count, this.#currentLength));
    this.#position += part.length;
    return part;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    void this.#reading.then(() => this.#handle.close()).catch(() => undefined);
  }

  #readAhead(): Promise<void> {
    this.#aheadLength = -1;
    const buffer = this.#ahead;
    const length = Math.min(buffer.length, this.#end - this.#offset);
    this.#reading = this.#handle.read(buffer, 0, length, this.#offset).then(
      ({ bytesRead }) => {
        this.#offset += bytesRead;
        this.#aheadLength = bytesRead;
      },
      // A disk that fails in the middle ends the sound there; the file was good when it was opened.
      () => {
        this.#aheadLength = 0;
      },
    );
    return this.#reading;
  }
}
