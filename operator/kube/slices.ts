import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../runtime/clock.ts';

/** Longest stretch of work without letting the event loop turn. Milliseconds. */
const SLICE_MS = 5;

/**
 * Cuts long work into slices: `if (slice.due) await slice.turn()` lets timers and sockets have their turn once 5 ms have passed. Ten thousand
 * objects would otherwise stop the process for a tenth of a second, heartbeats and lease renewals included.
 */
export interface Slices {
  readonly due: boolean;
  turn(): Promise<void>;
}

export function createSlices(clock: Clock): Slices {
  let begun = clock.monotonic();
  return {
    get due() {
      return clock.monotonic() - begun >= SLICE_MS;
    },
    async turn() {
      await setImmediate();
      begun = clock.monotonic();
    },
  };
}
