import type { Clock } from './clock.ts';

/** For tests: a clock that stands still until it is turned. */
export interface ManualClock extends Clock {
  /** Moves the time on by `ms` milliseconds and runs what falls due, in order. */
  advance(ms: number): void;
  readonly pending: number;
}

export function createManualClock(): ManualClock {
  let now = 1_800_000_000_000;
  let due: { at: number; run: () => void }[] = [];
  return {
    now: () => now,
    after(ms, run) {
      const entry = { at: now + ms, run };
      due.push(entry);
      return {
        cancel() {
          due = due.filter((other) => other !== entry);
        },
      };
    },
    advance(ms) {
      const until = now + ms;
      for (;;) {
        const next = due.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        due = due.filter((entry) => entry !== next);
        now = next.at;
        next.run();
      }
      now = until;
    },
    get pending() {
      return due.length;
    },
  };
}
