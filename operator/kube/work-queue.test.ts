import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKubeError, KubeError } from './kube-error.ts';
import { createManualClock, settle } from './testing/manual-clock.ts';
import { WorkQueue } from './work-queue.ts';

/** A queue whose handlers end when the test says so. */
function setUp(concurrency = 2) {
  const clock = createManualClock();
  const started: string[] = [];
  const errors: KubeError[] = [];
  const open = new Map<string, { resolve: () => void; reject: (error: unknown) => void }>();
  const queue = new WorkQueue({
    process(key) {
      assert.ok(!open.has(key), `${key} is in work twice`);
      started.push(key);
      assert.ok(open.size < concurrency, 'too many at a time');
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      open.set(key, { resolve, reject });
      return promise.finally(() => open.delete(key));
    },
    concurrency,
    onError: (error) => errors.push(error),
    clock,
    random: () => 0.5,
  });
  const end = async (key: string, error?: unknown) => {
    if (error === undefined) open.get(key)?.resolve();
    else open.get(key)?.reject(error);
    await settle();
  };
  return { clock, queue, started, errors, open, end };
}

test('a key that is added often has one turn; in order, so many at a time', async () => {
  const { queue, started, end } = setUp(2);
  for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
  assert.deepEqual(started, []);
  queue.start();
  await settle();
  assert.deepEqual(started, ['a', 'b']);
  await end('b');
  assert.deepEqual(started, ['a', 'b', 'c']);
});

test('a key added while it is in work has one more turn afterwards', async () => {
  const { queue, started, end } = setUp();
  queue.start();
  queue.add('a');
  await settle();
  queue.add('a');
  queue.add('a');
  await settle();
  assert.deepEqual(started, ['a']);
  await end('a');
  assert.deepEqual(started, ['a', 'a']);
  await end('a');
  assert.deepEqual(queue.figures, { waiting: 0, delayed: 0, processing: 0, processed: 2, failures: 0 });
});

test('a failure is reported, and the key comes again after a wait that doubles and starts anew after success', async () => {
  const { clock, queue, started, errors, end } = setUp();
  queue.start();
  queue.add('a');
  await settle();
  for (const wait of [300, 600, 1200]) {
    await end('a', new Error('a bug'));
    assert.equal(clock.nextIn, wait);
    clock.advance(wait);
    await settle();
  }
  assert.equal(started.length, 4);
  await end('a');
  assert.ok(errors.length === 3 && errors.every((error) => isKubeError(error, 'handlerFailed')));
  queue.add('a');
  await settle();
  await end('a', new KubeError('throttled', 'busy', { status: 429, retryAfterMs: 5000 }));
  assert.equal(clock.nextIn, 5000);
});

test('a handler that throws at once is no different', async () => {
  const errors: unknown[] = [];
  const queue = new WorkQueue({
    process: () => {
      throw new Error('at once');
    },
    concurrency: 1,
    onError: (error) => errors.push(error),
    clock: createManualClock(),
    random: Math.random,
  });
  queue.start();
  queue.add('a');
  await queue.idle();
  assert.equal(errors.length, 1);
});

test('success makes a retry that is still to come needless', async () => {
  const { clock, queue, started, end } = setUp();
  queue.start();
  queue.add('a');
  await settle();
  await end('a', new Error('no'));
  queue.add('a');
  await settle();
  await end('a');
  assert.equal(clock.timers, 0);
  assert.equal(started.length, 2);
});

test('of several delayed wishes the earliest counts', async () => {
  const { clock, queue, started } = setUp();
  queue.start();
  queue.addAfter('a', 1000);
  queue.addAfter('a', 500);
  queue.addAfter('a', 2000);
  clock.advance(499);
  await settle();
  assert.deepEqual(started, []);
  clock.advance(1);
  await settle();
  assert.deepEqual(started, ['a']);
  assert.equal(clock.timers, 0);
});

test('drain works on what waits, takes nothing more, and ends', async () => {
  const { clock, queue, started, end } = setUp(1);
  queue.start();
  queue.add('a');
  queue.add('b');
  queue.addAfter('c', 10);
  await settle();
  let drained = false;
  const draining = queue.drain().then(() => {
    drained = true;
  });
  queue.add('d');
  await end('a', new Error('no'));
  assert.equal(drained, false);
  await end('b');
  await draining;
  assert.deepEqual(started, ['a', 'b']);
  assert.equal(clock.timers, 0);
});

test('stop aborts what is in work and waits for it', async () => {
  let aborted = false;
  const queue = new WorkQueue({
    process: (_key, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          aborted = true;
          reject(signal.reason);
        });
      }),
    concurrency: 1,
    onError: () => assert.fail('an abort is no failure'),
    clock: createManualClock(),
    random: Math.random,
  });
  queue.start();
  queue.add('a');
  queue.add('b');
  await settle();
  await queue.stop();
  assert.ok(aborted);
  assert.deepEqual(queue.figures, { waiting: 0, delayed: 0, processing: 0, processed: 0, failures: 0 });
});

test('model: whatever happens, no key is in work twice, and each has a turn after it was last added', async () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd');
  const step = fc.oneof(
    fc.record({ do: fc.constant('add' as const), key }),
    fc.record({ do: fc.constant('later' as const), key, ms: fc.nat(1000) }),
    fc.record({ do: fc.constantFrom('succeed' as const, 'fail' as const), key }),
    fc.record({ do: fc.constant('time' as const), ms: fc.nat(2000) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 3 }), async (steps, concurrency) => {
      const { clock, queue, started, open, end } = setUp(concurrency);
      /** How many turns there had been when the key was last asked for. */
      const asked = new Map<string, number>();
      queue.start();
      for (const one of steps) {
        if (one.do === 'add') {
          asked.set(one.key, started.length);
          queue.add(one.key);
        } else if (one.do === 'later') {
          asked.set(one.key, started.length);
          queue.addAfter(one.key, one.ms);
        } else if (one.do === 'time') clock.advance(one.ms);
        else await end(one.key, one.do === 'fail' ? new Error('no') : undefined);
        await settle();
      }
      for (let turn = 0; open.size > 0 || clock.timers > 0; turn++) {
        assert.ok(turn < 500, 'comes to rest');
        for (const one of [...open.keys()]) await end(one);
        clock.advance(clock.nextIn ?? 0);
        await settle();
      }
      for (const [one, turns] of asked) assert.ok(started.lastIndexOf(one) >= turns, `${one} was forgotten`);
      const { processing, waiting, delayed } = queue.figures;
      assert.deepEqual({ processing, waiting, delayed }, { processing: 0, waiting: 0, delayed: 0 });
    }),
    { numRuns: 100 },
  );
});
