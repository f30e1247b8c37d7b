import { type AudioSink, FRAME_MS, type Frame } from '../rtp/types.ts';

/** Root mean square of a frame, 0 to 32768. A tone of FreeSWITCH's default volume has 7,200, speech 500 to 5,000, a quiet line below 20. */
export function rms(frame: Frame): number {
  let sum = 0;
  for (const sample of frame) sum += sample * sample;
  return Math.sqrt(sum / frame.length);
}

/** Mean magnitude of a frame: what FreeSWITCH calls energy in `record`'s threshold and in conferences. */
export function energy(frame: Frame): number {
  let sum = 0;
  for (const sample of frame) sum += sample < 0 ? -sample : sample;
  return sum / frame.length;
}

/** Calls once when the energy has stayed below a threshold for so long, and again only after there was sound in between. */
export class SilenceDetector implements AudioSink {
  readonly #threshold: number;
  readonly #frames: number;
  readonly #onSilence: () => void;
  #quiet = 0;

  constructor(threshold: number, seconds: number, onSilence: () => void) {
    this.#threshold = threshold;
    this.#frames = Math.max(1, Math.round((seconds * 1000) / FRAME_MS));
    this.#onSilence = onSilence;
  }

  write(frame: Frame): void {
    if (energy(frame) >= this.#threshold) this.#quiet = 0;
    else if (++this.#quiet === this.#frames) this.#onSilence();
  }

  close(): void {}
}
