/** SIGTERM and SIGINT as promises: the first asks to stop, the second to stop at once. */
export interface StopSignals {
  /** Aborted at the first signal. */
  readonly requested: AbortSignal;
  /** Resolves at the first signal. */
  wait(): Promise<void>;
  /** Resolves at the second. */
  readonly second: Promise<void>;
  /** Lets signals end the process again as they do by default. */
  dispose(): void;
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

export function onStopSignals(): StopSignals {
  const requested = new AbortController();
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  const listener = (): void => {
    if (requested.signal.aborted) second.resolve();
    else {
      requested.abort(new Error('asked to stop'));
      first.resolve();
    }
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return {
    requested: requested.signal,
    wait: () => first.promise,
    second: second.promise,
    dispose() {
      for (const signal of SIGNALS) process.off(signal, listener);
    },
  };
}
