import { type AudioSource, type Frame, SAMPLE_RATE } from '../rtp/types.ts';

/**
 * Silence, or FreeSWITCH's comfort noise (`switch_generate_sln_silence`). `milliseconds` below 0 never ends. `divisor`: the
 * larger, the quieter; undefined is digital silence.
 */
export class SilenceSource implements AudioSource {
  position = 0;
  #left: number;
  readonly #divisor: number | undefined;
  #random = 1;

  constructor(milliseconds: number, divisor?: number) {
    this.#left = milliseconds < 0 ? Number.POSITIVE_INFINITY : Math.round((milliseconds * SAMPLE_RATE) / 1000);
    this.#divisor = divisor;
  }

  read(frame: Frame): boolean {
    if (this.#left <= 0) return false;
    const count = Math.min(this.#left, frame.length);
    frame.fill(0);
    if (this.#divisor !== undefined) {
      for (let i = 0; i < count; i++) frame[i] = this.#noise() / this.#divisor;
    }
    this.#left -= count;
    this.position += count;
    return true;
  }

  close(): void {
    this.#left = 0;
  }

  /** Sum of six uniform numbers, about a normal one, cut to 16 bits as FreeSWITCH does. */
  #noise(): number {
    let sum = 0;
    for (let i = 0; i < 6; i++) {
      this.#random = ((this.#random * 31821 + 13849) << 16) >> 16;
      sum += this.#random;
    }
    return (sum << 16) >> 16;
  }
}
