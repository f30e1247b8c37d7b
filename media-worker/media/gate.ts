/** Lets a limited number in at a time; a limited number may wait, in order. */
export interface Gate {
  /**
   * Resolves with the way to leave, once there is room. Rejects with `full()` when too many wait already, and with the signal's reason
   * when it aborts meanwhile.
   */
  enter(signal: AbortSignal, full: () => Error): Promise<() => void>;
  readonly inside: number;
  readonly waiting: number;
}

export function createGate(capacity: number, mostWaiting: number): Gate {
  let inside = 0;
  const queue: (() => void)[] = [];

  const leave = (): void => {
    inside -= 1;
    queue.shift()?.();
  };
  const admit = (): (() => void) => {
    inside += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      leave();
    };
  };

  return {
    get inside() {
      return inside;
    },
    get waiting() {
      return queue.length;
    },
    enter(signal, full) {
      if (signal.aborted) return Promise.reject(signal.reason);
      if (inside < capacity) return Promise.resolve(admit());
      if (queue.length >= mostWaiting) return Promise.reject(full());
      return new Promise((resolve, reject) => {
        const onTurn = (): void => {
          signal.removeEventListener('abort', onAbort);
          resolve(admit());
        };
        const onAbort = (): void => {
          queue.splice(queue.indexOf(onTurn), 1);
          reject(signal.reason);
        };
        queue.push(onTurn);
        signal.addEventListener('abort', onAbort, { once: true });
      });
    },
  };
}
