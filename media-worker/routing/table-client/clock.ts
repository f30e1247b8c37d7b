/** Time and timers as a value, so that tests turn them by hand. The operator's `kube/clock.ts` has the same shape. */
export interface Clock {
  /** Milliseconds that only ever go forward, from an arbitrary start. */
  monotonic(): number;
  /** Runs `run` once, `ms` milliseconds from now, unless cancelled. */
  after(ms: number, run: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

export const systemClock: Clock = {
  monotonic: () => performance.now(),
  after(ms, run) {
    const timeout = setTimeout(run, ms);
    return { cancel: () => clearTimeout(timeout) };
  },
};

/** Waits `ms` milliseconds; ends early, without an error, when `signal` is aborted. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      timer.cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.after(ms, done);
    signal.addEventListener('abort', done);
  });
}

/**
 * How long to wait after the `failures`th failure in a row (1, 2, …): doubling from `minMs` to `maxMs`, half of it chance, so that workers that
 * lost their operator at one moment do not all come back at one moment.
 */
export function backoff(
  failures: number,
  limits: { readonly minMs: number; readonly maxMs: number },
  random: () => number,
): number {
  const ceiling = Math.min(limits.maxMs, 2 * limits.minMs * 2 ** Math.min(Math.max(failures, 1) - 1, 30));
  return ceiling * (0.5 + random() / 2);
}
