import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';

const STEP_MS = 100;
const MOST_STEPS = 2_000_000;

/**
 * Runs `start` with a clock that stands at 0 and moves in steps of 100 ms, letting everything settle between them, until what it
 * returned is done.
 */
export async function inVirtualTime<T>(start: () => Promise<T>): Promise<T> {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 0 });
  try {
    let done = false;
    const work = start().finally(() => {
      done = true;
    });
    work.catch(() => {});
    for (let steps = 0; ; steps += 1) {
      await turn();
      if (done) return await work;
      assert.ok(steps < MOST_STEPS, 'it does not end');
      mock.timers.tick(STEP_MS);
    }
  } finally {
    mock.timers.reset();
  }
}
