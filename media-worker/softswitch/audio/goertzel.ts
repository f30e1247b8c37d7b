import { SAMPLE_RATE } from '../rtp/types.ts';

/**
 * How much of a sound is a sine of `frequency` Hz: 0 to 1 of its energy, by Goertzel's algorithm. A pure tone has nearly 1, one of
 * two equal tones 0.5, speech and noise little. Over `samples.length` of 800 (100 ms) neighbours 20 Hz away are told apart.
 */
export function toneShare(samples: Int16Array, frequency: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * frequency) / SAMPLE_RATE);
  let before = 0;
  let last = 0;
  let total = 0;
  for (const sample of samples) {
    const next = sample + coefficient * last - before;
    before = last;
    last = next;
    total += sample * sample;
  }
  if (total === 0) return 0;
  const power = last * last + before * before - coefficient * last * before;
  return Math.min(1, (2 * power) / (samples.length * total));
}

/** The frequency from `from` to `to` Hz that has the most of the sound, to the nearest `step`. */
export function strongestTone(
  samples: Int16Array,
  from = 100,
  to = 3400,
  step = 10,
): { frequency: number; share: number } {
  let best = { frequency: from, share: 0 };
  for (let frequency = from; frequency <= to; frequency += step) {
    const share = toneShare(samples, frequency);
    if (share > best.share) best = { frequency, share };
  }
  return best;
}
