import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../../runtime/clock.ts';

/** A clock that stands still until it is turned. */
export interface ManualClock extends Clock {
  /** Milliseconds until the next timer falls due; undefined: there is none. */
  readonly nextIn: number | undefined;
  readonly timers: number;
  /** Moves the time on and runs what falls due, in order. */
  advance(ms: number): void;
}

/** `perReading`: how much each look at the clock moves it on, for code that asks how long it has been at work. Milliseconds. */
export function createManualClock(perReading = 0): ManualClock {
  let now = 0;
  let due: { readonly at: number; readonly run: () => void }[] = [];
  const earliest = () => due.reduce((min, { at }) => Math.min(min, at), Number.POSITIVE_INFINITY);
  return {
    monotonic() {
      now += perReading;
      return now;
    },
    wall: () => Date.UTC(2026, 0, 1) + now,
    after(ms, run) {
      const entry = { at: now + ms, run };
      due.push(entry);
      return {
        cancel() {
          due = due.filter((other) => other !== entry);
        },
      };
    },
    get nextIn() {
      return due.length === 0 ? undefined : Math.max(0, earliest() - now);
    },
    get timers() {
      return due.length;
    },
    advance(ms) {
      const until = now + ms;
      for (let at = earliest(); at <= until; at = earliest()) {
        const next = due.find((entry) => entry.at === at);
        due = due.filter((entry) => entry !== next);
        now = Math.max(now, at);
        next?.run();
      }
      now = Math.max(now, until);
    },
  };
}

/** When a test has failed rather than not ended yet. Milliseconds of real time. */
const STUCK_MS = 60_000;

/**
 * Lets sockets and promises have their turn until `done`. Waits of up to `skipMs` on the way are over at once, longer ones stand: so backoffs
 * take no time, and deadlines don't strike.
 */
export async function drive(
  clock: ManualClock,
  done: () => boolean,
  skipMs: () => number = () => 60_000,
): Promise<void> {
  const begun = performance.now();
  while (!done()) {
    if (performance.now() - begun > STUCK_MS) throw new Error(`not done within ${STUCK_MS} ms: ${done}`);
    await setImmediate();
    const next = clock.nextIn;
    if (next !== undefined && next <= skipMs() && !done()) clock.advance(next);
  }
}

/** Lets everything that waits for nothing but its turn have it. For code without sockets. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await setImmediate();
}
