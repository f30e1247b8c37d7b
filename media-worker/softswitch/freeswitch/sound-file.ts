/** Writing a wav file while sound comes in: 16 bit, 8000 Hz, one or two channels. Nothing waits for the disk but `close`. */

import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { clip } from '../audio/samples.ts';
import { WAV_HEADER_BYTES, wavHeader } from '../audio/wav-format.ts';
import type { Frame } from '../rtp/types.ts';

export interface SoundFile {
  /** Samples (per channel) so far. */
  readonly samples: number;
  /** Size of the file when closed now. */
  readonly bytes: number;
  /** Two frames become two channels, or are mixed into one. Keeps neither. */
  write(frame: Frame, other: Frame | undefined): void;
  /** Writes what is left and the header; resolves when the file is complete. Idempotent. */
  close(): Promise<void>;
}

/** One write to the disk per second of sound. */
const BLOCK_SAMPLES = 8000;

/** Rejects when the file cannot be written. Missing folders are made, as FreeSWITCH does. */
export async function openRecorder(path: string, channels: 1 | 2): Promise<SoundFile> {
  await makeFolder(dirname(path));
  const handle = await open(path, 'w');
  await handle.write(wavHeader(channels, 8000, 0));
  return new WavFile(handle, channels);
}

/** Folder by folder: Node's recursive mkdir never comes back where the system says ENOENT for a folder whose parent is there (/proc). */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path).catch((again: NodeJS.ErrnoException) => {
      if (again.code !== 'EEXIST') throw again;
    });
  }
}

class WavFile implements SoundFile {
  samples = 0;
  readonly #handle: FileHandle;
  readonly #channels: 1 | 2;
  #block: Int16Array;
  #used = 0;
  #writing: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(handle: FileHandle, channels: 1 | 2) {
    this.#handle = handle;
    this.#channels = channels;
    this.#block = new Int16Array(BLOCK_SAMPLES * channels);
  }

  get bytes(): number {
    return WAV_HEADER_BYTES + this.samples * 2 * this.#channels;
  }

  write(frame: Frame, other: Frame | undefined): void {
    if (this.#closed !== undefined) return;
    for (let i = 0; i < frame.length; i += 1) {
      const one = frame[i] ?? 0;
      const two = other?.[i] ?? 0;
      if (this.#channels === 1) {
        this.#block[this.#used++] = clip(one + two);
      } else {
        this.#block[this.#used++] = one;
        this.#block[this.#used++] = two;
      }
      if (this.#used === this.#block.length) this.#flush();
    }
    this.samples += frame.length;
  }

  #flush(): void {
    if (this.#used === 0) return;
    const bytes = Buffer.from(this.#block.buffer, 0, this.#used * 2);
    this.#block = new Int16Array(this.#block.length);
    this.#used = 0;
    // A full disk ends the recording early; the call goes on.
    this.#writing = this.#writing.then(() => this.#handle.write(bytes)).catch(() => {});
  }

  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  async #finish(): Promise<void> {
    this.#flush();
    await this.#writing;
    try {
      const header = wavHeader(this.#channels, 8000, this.samples * 2 * this.#channels);
      await this.#handle.write(header, 0, header.length, 0);
    } finally {
      await this.#handle.close();
    }
  }
}
