import { Worker } from 'node:worker_threads';
import { type Fault, fault } from '../../../crds/errors/fault.ts';
import { softswitchCodes } from '../../../crds/errors/softswitch.ts';
import { type AudioSource, type Frame, SAMPLE_RATE } from '../rtp/types.ts';
import type { FromDecoder, ToDecoder } from './mp3-messages.ts';

/** Decodes mp3 files in a thread of its own, which is started with the first file and shared by all. */
export interface Mp3Decoder {
  open(path: string, skipSamples: number): Promise<AudioSource | Fault>;
  /** Ends the thread. Files being played end early. */
  close(): Promise<void>;
}

/** More is asked for when less than this is left, in samples: 3 s. */
const LOW_WATER = 3 * SAMPLE_RATE;
/** A file that needs this long for a few seconds of sound drives the decoder in circles; the thread is given up. */
const PATIENCE_MS = 5000;

export function createMp3Decoder(): Mp3Decoder {
  return new ThreadDecoder();
}

interface Playing {
  took(samples: Int16Array, last: boolean): void;
  failed(message: string): void;
}

class ThreadDecoder implements Mp3Decoder {
  #thread: Worker | undefined;
  readonly #playing = new Map<number, Playing>();
  readonly #deadlines = new Map<number, NodeJS.Timeout>();
  #lastId = 0;
  #closed = false;

  open(path: string, skipSamples: number): Promise<AudioSource | Fault> {
    if (this.#closed)
      return Promise.resolve(fault(softswitchCodes.soundUnreadable, `${path}: the mp3 decoder has been closed`));
    return new Promise((resolve) => {
      const id = ++this.#lastId;
      const source = new Mp3Source(skipSamples, {
        more: () => this.#ask({ kind: 'more', id }),
        close: () => this.#forget(id, true),
      });
      this.#playing.set(id, {
        took: (samples, last) => {
          source.add(samples, last);
          if (last) this.#forget(id, false);
          resolve(source);
        },
        failed: (message) => {
          source.add(new Int16Array(0), true);
          this.#forget(id, false);
          resolve(fault(softswitchCodes.soundUnreadable, `${path}: ${message}`));
        },
      });
      this.#ask({ kind: 'open', id, path, skipSamples });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#giveUp('the mp3 decoder was closed');
  }

  #ask(message: ToDecoder): void {
    const thread = this.#started();
    this.#deadlines.set(
      message.id,
      setTimeout(() => void this.#giveUp('the mp3 decoder took too long'), PATIENCE_MS),
    );
    thread.postMessage(message);
  }

  #forget(id: number, tell: boolean): void {
    this.#answered(id);
    if (!this.#playing.delete(id)) return;
    if (tell) this.#thread?.postMessage({ kind: 'close', id } satisfies ToDecoder);
    // An idle thread keeps no process alive.
    if (this.#playing.size === 0) this.#thread?.unref();
  }

  #answered(id: number): void {
    clearTimeout(this.#deadlines.get(id));
    this.#deadlines.delete(id);
  }

  #started(): Worker {
    if (this.#thread !== undefined) {
      this.#thread.ref();
      return this.#thread;
    }
    // The compiler rewrites imports, not this: beside compiled code the thread is compiled too.
    const file = import.meta.url.endsWith('.ts') ? './mp3-thread.ts' : './mp3-thread.js';
    // The decoder complains on the console about every damaged frame.
    const thread = new Worker(new URL(file, import.meta.url), { stdout: true, stderr: true });
    thread.stdout.resume();
    thread.stderr.resume();
    thread.on('message', (message: FromDecoder) => {
      this.#answered(message.id);
      const playing = this.#playing.get(message.id);
      if (message.kind === 'sound') playing?.took(message.samples, message.last);
      else playing?.failed(message.message);
    });
    const gone = (error: unknown): void => {
      if (this.#thread === thread) void this.#giveUp(`the mp3 decoder failed: ${String(error)}`);
    };
    thread.on('error', gone);
    thread.on('exit', gone);
    this.#thread = thread;
    return thread;
  }

  async #giveUp(message: string): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    for (const playing of [...this.#playing.values()]) playing.failed(message);
    await thread?.terminate();
  }
}

/** The sound that has come from the thread so far. */
class Mp3Source implements AudioSource {
  position: number;
  readonly #thread: { more(): void; close(): void };
  readonly #chunks: Int16Array[] = [];
  #used = 0;
  #left = 0;
  #asked = true;
  #last = false;
  #closed = false;

  constructor(position: number, thread: { more(): void; close(): void }) {
    this.position = position;
    this.#thread = thread;
  }

  add(samples: Int16Array, last: boolean): void {
    this.#asked = false;
    this.#last = last;
    if (samples.length === 0) return;
    this.#chunks.push(samples);
    this.#left += samples.length;
  }

  read(frame: Frame): boolean {
    if (this.#closed) return false;
    if (!this.#last && !this.#asked && this.#left < LOW_WATER) {
      this.#asked = true;
      this.#thread.more();
    }
    let filled = 0;
    while (filled < frame.length) {
      const chunk = this.#chunks[0];
      if (chunk === undefined) break;
      const count = Math.min(frame.length - filled, chunk.length - this.#used);
      for (let i = 0; i < count; i++) frame[filled + i] = chunk[this.#used + i]!;
      filled += count;
      this.#used += count;
      if (this.#used >= chunk.length) {
        this.#chunks.shift();
        this.#used = 0;
      }
    }
    this.#left -= filled;
    this.position += filled;
    if (filled < frame.length) frame.fill(0, filled);
    return filled > 0 || !this.#last;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#chunks.length = 0;
    this.#thread.close();
  }
}
