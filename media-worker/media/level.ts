/** Speech level in dB below full scale that voices are brought to: near that of recorded prompts (ITU-T P.56 active level). */
const TARGET_DB = -19;
const PEAK = 0.85 * 32_768;
const MAX_GAIN = 12;
/** What is this much below the loudest stretch does not count as speech. */
const ACTIVE_RANGE = 10 ** (-30 / 20);
const FADE_MS = 5;
/** Silence kept before and after: engines write up to half a second of it. */
const KEEP_BEFORE_MS = 20;
const KEEP_AFTER_MS = 120;
const SILENT = 0.003 * 32_768;

/** Brings speech to the usual level, cuts long silence off both ends, and fades both ends so that they do not click. */
export function polishSpeech(samples: Int16Array, rate: number): Int16Array {
  const window = Math.round(rate / 50);
  const powers: number[] = [];
  let peak = 0;
  for (let at = 0; at < samples.length; at += window) {
    const end = Math.min(samples.length, at + window);
    let sum = 0;
    for (let i = at; i < end; i++) {
      const value = samples[i]!;
      sum += value * value;
      if (Math.abs(value) > peak) peak = Math.abs(value);
    }
    powers.push(sum / (end - at));
  }
  if (peak < SILENT) return samples;
  const loudest = powers.reduce((a, b) => Math.max(a, b), 0);
  const active = powers.filter((power) => power >= loudest * ACTIVE_RANGE ** 2);
  const level = Math.sqrt(active.reduce((a, b) => a + b, 0) / active.length);
  const gain = Math.min((32_768 * 10 ** (TARGET_DB / 20)) / level, PEAK / peak, MAX_GAIN);

  const threshold = SILENT / Math.max(1, gain);
  let first = 0;
  while (Math.abs(samples[first]!) < threshold) first++;
  let last = samples.length - 1;
  while (Math.abs(samples[last]!) < threshold) last--;
  const start = Math.max(0, first - Math.round((KEEP_BEFORE_MS * rate) / 1000));
  const out = samples.slice(start, last + 1 + Math.round((KEEP_AFTER_MS * rate) / 1000));

  const fade = Math.min(Math.round((FADE_MS * rate) / 1000), out.length >> 1);
  for (let i = 0; i < out.length; i++) {
    const edge = Math.min(1, (i + 1) / fade, (out.length - i) / fade);
    out[i] = Math.round(out[i]! * gain * edge);
  }
  return out;
}
