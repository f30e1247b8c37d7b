/** A sink that is also a source: what is written comes out again, a few frames at most; silence when there is none. */

import type { AudioSink, AudioSource, Frame } from '../rtp/types.ts';

/** More waits than this only when two clocks run apart; the oldest is then dropped. */
const DEPTH = 4;

export class FrameQueue implements AudioSink, AudioSource {
  position = 0;
  readonly #frames: Frame[] = Array.from({ length: DEPTH }, () => new Int16Array(160));
  #first = 0;
  #count = 0;

  write(frame: Frame): void {
    if (this.#count === DEPTH) {
      this.#first = (this.#first + 1) % DEPTH;
      this.#count -= 1;
    }
    this.#frames[(this.#first + this.#count) % DEPTH]?.set(frame);
    this.#count += 1;
  }

  read(frame: Frame): boolean {
    const oldest = this.#count === 0 ? undefined : this.#frames[this.#first];
    if (oldest === undefined) {
      frame.fill(0);
    } else {
      frame.set(oldest);
      this.#first = (this.#first + 1) % DEPTH;
      this.#count -= 1;
    }
    this.position += frame.length;
    return true;
  }

  close(): void {
    this.#count = 0;
  }
}
