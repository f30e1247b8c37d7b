import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Fault, fault } from '../../../crds/errors/fault.ts';
import { softswitchCodes } from '../../../crds/errors/softswitch.ts';
import { type Frame, SAMPLE_RATE } from '../rtp/types.ts';
import { clip } from './samples.ts';
import { WAV_HEADER_BYTES, wavHeader } from './wav-format.ts';

/** A wav file (16 bit, 8000 Hz) being written while sound comes in. */
export interface Recorder {
  /** Samples per channel so far. */
  readonly samples: number;
  /** Size of the file when closed now. */
  readonly bytes: number;
  /** Why the file is incomplete, once something went wrong. */
  readonly fault: Fault | undefined;
  /** Takes one frame per direction: two channels, or mixed into one. Keeps neither. Never waits for the disk. */
  write(frame: Frame, other?: Frame): void;
  /** Writes the rest and the final header. Resolves when the file is complete and closed. Idempotent. */
  close(): Promise<void>;
}

export interface RecorderOptions {
  readonly channels: 1 | 2;
  /** After so many seconds nothing more is written and `onLimit` is called once. */
  readonly maxSeconds?: number;
  readonly onLimit?: () => void;
}

/** A write every 200 ms: that much is lost at most when the process is killed. */
const BLOCK_SAMPLES = SAMPLE_RATE / 5;
/** The header follows every second, so that the file can be played while it grows and after a crash. */
const BLOCKS_PER_HEADER = 5;
/** Blocks that may wait for a slow disk: 30 s. Then the recording ends, and says why. */
const MAX_WAITING = 150;

/** Opens the file, with its folder. It is a valid, empty wav file from the start. */
export async function openRecorder(path: string, options: RecorderOptions): Promise<Recorder | Fault> {
  try {
    await makeFolder(dirname(path));
    const handle = await open(path, 'w');
    try {
      await handle.write(wavHeader(options.channels, SAMPLE_RATE, 0), 0, WAV_HEADER_BYTES, 0);
    } catch (error) {
      await handle.close();
      throw error;
    }
    return new WavRecorder(path, handle, options);
  } catch (error) {
    return failure(path, error);
  }
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

function failure(path: string, error: unknown): Fault {
  return fault(softswitchCodes.recordingFailed, `${path}: ${error instanceof Error ? error.message : String(error)}`);
}

class WavRecorder implements Recorder {
  samples = 0;
  fault: Fault | undefined;
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #channels: 1 | 2;
  readonly #maxSamples: number;
  readonly #onLimit: (() => void) | undefined;
  #block: Int16Array;
  #used = 0;
  #waiting = 0;
  #written = 0;
  #blocks = 0;
  #writing: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(path: string, handle: FileHandle, options: RecorderOptions) {
    this.#path = path;
    this.#handle = handle;
    this.#channels = options.channels;
    this.#maxSamples = (options.maxSeconds ?? Number.POSITIVE_INFINITY) * SAMPLE_RATE;
    this.#onLimit = options.onLimit;
    this.#block = new Int16Array(BLOCK_SAMPLES * options.channels);
  }

  get bytes(): number {
    return WAV_HEADER_BYTES + this.samples * this.#channels * 2;
  }

  write(frame: Frame, other?: Frame): void {
    if (this.#closed !== undefined || this.fault !== undefined || this.samples >= this.#maxSamples) return;
    const count = Math.min(frame.length, this.#maxSamples - this.samples);
    for (let i = 0; i < count; i++) {
      const one = frame[i]!;
      const two = other?.[i] ?? 0;
      if (this.#channels === 2) {
        this.#block[this.#used++] = one;
        this.#block[this.#used++] = two;
      } else this.#block[this.#used++] = clip(one + two);
      if (this.#used === this.#block.length) this.#flush();
    }
    this.samples += count;
    if (this.samples >= this.#maxSamples) this.#onLimit?.();
  }

  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  #flush(): void {
    if (this.#used === 0) return;
    const bytes = Buffer.from(this.#block.buffer, 0, this.#used * 2);
    this.#block = new Int16Array(this.#block.length);
    this.#used = 0;
    if (this.#waiting >= MAX_WAITING) {
      this.fault ??= failure(this.#path, 'the disk is too slow');
      return;
    }
    this.#waiting++;
    this.#writing = this.#writing.then(() => this.#store(bytes));
  }

  async #store(bytes: Buffer): Promise<void> {
    try {
      await this.#handle.write(bytes, 0, bytes.length, WAV_HEADER_BYTES + this.#written);
      this.#written += bytes.length;
      this.#blocks += 1;
      if (this.#blocks % BLOCKS_PER_HEADER === 0) await this.#writeHeader();
    } catch (error) {
      this.fault ??= failure(this.#path, error);
    } finally {
      this.#waiting--;
    }
  }

  async #writeHeader(): Promise<void> {
    await this.#handle.write(wavHeader(this.#channels, SAMPLE_RATE, this.#written), 0, WAV_HEADER_BYTES, 0);
  }

  async #finish(): Promise<void> {
    this.#flush();
    await this.#writing;
    try {
      await this.#writeHeader();
    } catch (error) {
      this.fault ??= failure(this.#path, error);
    }
    try {
      await this.#handle.close();
    } catch (error) {
      this.fault ??= failure(this.#path, error);
    }
  }
}
