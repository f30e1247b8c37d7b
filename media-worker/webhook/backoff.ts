/** Milliseconds before repetition `n` (from 1): doubles each time up to `maxMs`; half of it is chance, so that callers do not return in step. */
export function backoff(n: number, baseMs: number, maxMs: number, random: () => number): number {
  return Math.min(baseMs * 2 ** (n - 1), maxMs) * (0.5 + random() / 2);
}
