/** Time and timers as a value, so that tests turn them by hand (cert-manager passes `clock.Clock` for the same reason). */
export interface Clock {
  /**
   * Milliseconds that only ever go forward, from an arbitrary start. All waiting, deadlines and leases use it: wall clocks of two machines
   * differ, and one machine's may jump.
   */
  monotonic(): number;
  /** Milliseconds since 1970; for timestamps that are written into objects, and for nothing else. */
  wall(): number;
  /** Runs `run` once, `ms` milliseconds from now, unless cancelled. */
  after(ms: number, run: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

/** A number from 0 (included) to 1 (excluded). */
export type Random = () => number;

export const systemClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
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
 * A signal that is aborted with `reason()` after `ms`, or with `parent`. Call `cancel` when the work has ended, or the timer and the listener
 * stay behind. (`AbortSignal.timeout` knows only the system's clock.)
 */
export function deadline(
  clock: Clock,
  ms: number,
  reason: () => Error,
  parent: AbortSignal,
): { readonly signal: AbortSignal; extend(ms: number): void; cancel(): void } {
  const controller = new AbortController();
  const onParent = () => controller.abort(parent.reason);
  if (parent.aborted) onParent();
  parent.addEventListener('abort', onParent);
  const start = (after: number) => clock.after(after, () => controller.abort(reason()));
  let timer = start(ms);
  return {
    signal: controller.signal,
    extend(after) {
      timer.cancel();
      timer = start(after);
    },
    cancel() {
      timer.cancel();
      parent.removeEventListener('abort', onParent);
    },
  };
}
