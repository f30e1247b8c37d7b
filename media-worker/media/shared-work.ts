/** Work that several may wait for at once. It is aborted when the last of them has left. */
export interface SharedWork<T> {
  /** Joins the work of this key, or starts it. Rejects with the reason of `signal` as soon as that aborts. */
  join(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Aborts everything and waits until it has ended. */
  close(reason: unknown): Promise<void>;
  readonly size: number;
}

interface Flight<T> {
  readonly controller: AbortController;
  readonly result: Promise<T>;
  waiting: number;
}

export function createSharedWork<T>(): SharedWork<T> {
  const flights = new Map<string, Flight<T>>();

  const start = (key: string, work: (signal: AbortSignal) => Promise<T>): Flight<T> => {
    const controller = new AbortController();
    const result = work(controller.signal);
    const flight: Flight<T> = { controller, result, waiting: 0 };
    flights.set(key, flight);
    const over = (): void => {
      if (flights.get(key) === flight) flights.delete(key);
    };
    result.then(over, over);
    return flight;
  };

  return {
    async join(key, signal, work) {
      signal.throwIfAborted();
      const flight = flights.get(key) ?? start(key, work);
      flight.waiting += 1;
      const left = Promise.withResolvers<never>();
      const onAbort = (): void => left.reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        return await Promise.race([flight.result, left.promise]);
      } finally {
        signal.removeEventListener('abort', onAbort);
        flight.waiting -= 1;
        if (flight.waiting === 0 && signal.aborted) {
          // Whoever comes now starts afresh and does not join what is being ended.
          if (flights.get(key) === flight) flights.delete(key);
          flight.controller.abort(signal.reason);
        }
      }
    },
    async close(reason) {
      const ending = [...flights.values()];
      for (const flight of ending) flight.controller.abort(reason);
      await Promise.allSettled(ending.map((flight) => flight.result));
    },
    get size() {
      return flights.size;
    },
  };
}
