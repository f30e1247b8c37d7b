import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { inVirtualTime } from '../call/testing/virtual-time.ts';
import { createBackground } from './background.ts';

const ignore = (): void => {};

describe('work that nobody waits for', () => {
  it('is refused while too much of it runs', async () => {
    const background = createBackground(1);
    const first = Promise.withResolvers<void>();
    assert.equal(
      background.run(() => first.promise, ignore),
      true,
    );
    assert.equal(
      background.run(async () => {}, ignore),
      false,
    );
    first.resolve();
    await turn();
    assert.equal(background.running, 0);
    assert.equal(
      background.run(async () => {}, ignore),
      true,
    );
  });

  it('that fails is told to its owner and leaves room', async () => {
    const background = createBackground(1);
    const told: unknown[] = [];
    background.run(
      () => Promise.reject(new Error('no')),
      (error) => told.push((error as Error).message),
    );
    await turn();
    assert.deepEqual([told, background.running], [['no'], 0]);
  });

  it('is waited for at the end, for a time, and then aborted', async () => {
    const ms = await inVirtualTime(async () => {
      const background = createBackground(10);
      let aborted = 0;
      for (let count = 0; count < 2; count += 1) {
        background.run(
          (signal) =>
            new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true })),
          () => {
            aborted += 1;
          },
        );
      }
      await background.drain(3000);
      assert.equal(aborted, 2);
      assert.equal(
        background.run(async () => {}, ignore),
        false,
      );
      return Date.now();
    });
    assert.equal(ms, 3000);
  });

  it('that is done holds nothing up', async () => {
    await createBackground(10).drain(60_000);
  });
});
