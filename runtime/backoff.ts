import type { Random } from './clock.ts';

/** Bounds of a wait that doubles. Milliseconds. */
export interface BackoffLimits {
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * How long to wait after the `failures`th failure in a row (1, 2, …): between half and all of `2 * minMs * 2^(failures - 1)`, hence from `minMs`
 * on and never over `maxMs`. Half of it is chance, so that a fleet that lost its server at one moment does not come back at one moment
 * (client-go does the same with `wait.Backoff{Factor: 2, Jitter: 1}`).
 */
export function backoff(failures: number, { minMs, maxMs }: BackoffLimits, random: Random): number {
  const exponent = Math.min(Math.max(failures, 1), 32);
  const ceiling = Math.min(maxMs, minMs * 2 ** exponent);
  return Math.max(Math.min(minMs, maxMs), ceiling * (0.5 + random() / 2));
}
