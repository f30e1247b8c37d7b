/** Owner of work that nobody waits for. Bounded; ends with the process. */
export interface Background {
  /** Runs `work` unless too much is running already (returns false then). A rejection is passed to `onError`. */
  run(work: (signal: AbortSignal) => Promise<void>, onError: (error: unknown) => void): boolean;
  readonly running: number;
  /** Waits for what is running, at most `limitMs`, then aborts the rest. */
  drain(limitMs: number): Promise<void>;
}

export function createBackground(most: number): Background {
  const running = new Set<Promise<void>>();
  const stop = new AbortController();
  return {
    get running() {
      return running.size;
    },
    run(work, onError) {
      if (running.size >= most || stop.signal.aborted) return false;
      const task: Promise<void> = work(stop.signal)
        .catch(onError)
        .finally(() => running.delete(task));
      running.add(task);
      return true;
    },
    async drain(limitMs) {
      const timer = setTimeout(() => stop.abort(new Error('the process is stopping')), limitMs);
      await Promise.allSettled([...running]);
      clearTimeout(timer);
      stop.abort(new Error('the process is stopping'));
    },
  };
}
