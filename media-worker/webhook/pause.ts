/** Waits `ms` milliseconds; rejects with the signal's reason when it aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = (): void => {
    clearTimeout(timer);
    reject(signal.reason);
  };
  const timer = setTimeout(() => {
    signal.removeEventListener('abort', onAbort);
    resolve();
  }, ms);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return promise;
}

/** Milliseconds before repetition `n` (from 1): doubles each time up to `maxMs`; half of it is chance, so that callers do not return in step. */
export function backoff(n: number, baseMs: number, maxMs: number, random: () => number): number {
  return Math.min(baseMs * 2 ** (n - 1), maxMs) * (0.5 + random() / 2);
}
