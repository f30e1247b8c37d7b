import type { AudioSource, Frame } from '../rtp/types.ts';
import { clip } from './samples.ts';

/** Multiplies a frame in place, cutting off what gets too loud. */
export function amplify(frame: Frame, factor: number): void {
  if (factor === 1) return;
  for (let i = 0; i < frame.length; i++) frame[i] = clip(frame[i]! * factor);
}

/** FreeSWITCH's volume levels, -4 to 4 (`switch_change_sln_volume`), as factors. */
export function volumeFactor(level: number): number {
  const whole = Math.max(-4, Math.min(4, Math.trunc(level)));
  return [0.2, 0.4, 0.6, 0.8, 1, 1.3, 2.3, 3.3, 4.3][whole + 4]!;
}

/** A source made louder or softer; `factor` may be changed while it plays. */
export class GainSource implements AudioSource {
  factor: number;
  readonly #source: AudioSource;

  constructor(source: AudioSource, factor: number) {
    this.#source = source;
    this.factor = factor;
  }

  get position(): number {
    return this.#source.position;
  }

  read(frame: Frame): boolean {
    if (!this.#source.read(frame)) return false;
    amplify(frame, this.factor);
    return true;
  }

  close(): void {
    this.#source.close();
  }
}
