/** Files played one after the other into a conference, or to one member. */

import { clip } from '../../audio/samples.ts';
import type { AudioSource, Frame } from '../../rtp/types.ts';

export interface Playing {
  readonly file: string;
  readonly source: AudioSource;
  readonly startedAt: number;
}

export class PlayQueue {
  readonly #queue: Playing[] = [];
  readonly #scratch: Frame = new Int16Array(160);
  readonly #done: (playing: Playing) => void;

  /** `done` is called once for every file, played or stopped; its source is then closed. */
  constructor(done: (playing: Playing) => void) {
    this.#done = done;
  }

  get length(): number {
    return this.#queue.length;
  }

  add(file: string, source: AudioSource): void {
    this.#queue.push({ file, source, startedAt: source.position });
  }

  /** Adds the next 20 ms to a frame. */
  mixInto(frame: Frame): void {
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      if (!first.source.read(this.#scratch)) {
        this.#queue.shift();
        this.#finish(first);
        continue;
      }
      for (let i = 0; i < frame.length; i += 1) {
        frame[i] = clip((frame[i] ?? 0) + (this.#scratch[i] ?? 0));
      }
      return;
    }
  }

  /** How many were stopped. */
  stop(which: 'all' | 'current' | 'last'): number {
    const stopped = which === 'all' ? this.#queue.splice(0) : this.#queue.splice(which === 'current' ? 0 : -1, 1);
    for (const playing of stopped) this.#finish(playing);
    return stopped.length;
  }

  close(): void {
    this.stop('all');
  }

  #finish(playing: Playing): void {
    playing.source.close();
    this.#done(playing);
  }
}
