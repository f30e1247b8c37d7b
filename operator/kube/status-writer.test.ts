import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Transition } from './conditions.ts';
import type { KubeError } from './kube-error.ts';
import type { AnyObject } from './objects.ts';
import { type StatedStatus, StatusWriter } from './status-writer.ts';
import { startCluster, WIDGET, widget } from './testing/cluster.ts';
import { createManualClock, drive } from './testing/manual-clock.ts';

async function setUp(rate = { perSecond: 50, burst: 50 }) {
  const clock = createManualClock();
  const cluster = await startCluster(clock);
  const history = cluster.server.history('widgets');
  const errors: KubeError[] = [];
  const transitions: Transition[] = [];
  /** What the reader has; the server's state unless a test holds it back. */
  const view: { stale: ReadonlyMap<string, AnyObject> | undefined } = { stale: undefined };
  const writer = new StatusWriter({
    api: cluster.api,
    type: WIDGET,
    fieldManager: 'writer',
    read: (key) => (view.stale ?? history.objects).get(key),
    onTransitions: (_object, list) => transitions.push(...list),
    onError: (error) => errors.push(error),
    clock,
    random: () => 0.5,
    rate,
  });
  history.put(widget('a'));
  writer.start();
  const written = () => cluster.server.requests.length;
  const settled = async () => {
    let idle = false;
    void writer.idle().then(() => {
      idle = true;
    });
    await drive(clock, () => idle);
  };
  return {
    clock,
    cluster,
    history,
    errors,
    transitions,
    view,
    writer,
    written,
    settled,
    async [Symbol.asyncDispose]() {
      await writer.stop();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

function status(ready: 'True' | 'False', more: object = {}): StatedStatus {
  return {
    conditions: [
      {
        type: 'Ready',
        status: ready,
        reason: ready === 'True' ? 'Ready' : 'Broken',
        message: '',
        observedGeneration: 1,
      },
    ],
    ...more,
  };
}

test('a status is applied to the subresource under our name, and transitions are told', async () => {
  await using bench = await setUp();
  bench.writer.set('acme/a', status('True', { owned: 3 }));
  await bench.settled();
  const { path, method, query, body } = bench.cluster.server.requests[0]!;
  assert.deepEqual(
    [method, path, query.get('fieldManager')],
    ['PATCH', '/apis/example.com/v1/namespaces/acme/widgets/a/status', 'writer'],
  );
  assert.deepEqual(body, {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name: 'a', namespace: 'acme' },
    status: {
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'Ready',
          message: '',
          observedGeneration: 1,
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
      owned: 3,
    },
  });
  assert.deepEqual(
    bench.transitions.map(({ after }) => after.reason),
    ['Ready'],
  );
});

test('what is equal but for the time is not written; lastTransitionTime moves only when the status flips', async () => {
  await using bench = await setUp();
  const transitionTime = () =>
    (bench.history.objects.get('acme/a')!['status'] as { conditions: { lastTransitionTime: string }[] }).conditions[0]!
      .lastTransitionTime;
  bench.writer.set('acme/a', status('True'));
  await bench.settled();
  bench.clock.advance(60_000);
  bench.writer.set('acme/a', status('True', { owned: undefined }));
  await bench.settled();
  assert.equal(bench.written(), 1);
  assert.equal(bench.writer.figures.unchanged, 1);
  bench.writer.set('acme/a', status('True', { owned: 1 }));
  await bench.settled();
  assert.equal(transitionTime(), '2026-01-01T00:00:00Z');
  bench.writer.set('acme/a', status('False', { owned: 1 }));
  await bench.settled();
  assert.equal(transitionTime(), '2026-01-01T00:01:00Z');
  assert.equal(bench.written(), 3);
});

test('of many statuses of one object the last counts', async () => {
  await using bench = await setUp();
  for (let owned = 0; owned < 100; owned++) bench.writer.set('acme/a', status('True', { owned }));
  await bench.settled();
  assert.equal(bench.written(), 1);
  assert.equal((bench.history.objects.get('acme/a')!['status'] as { owned: number }).owned, 99);
});

test('a reader that is behind does not hide that the server has something else by now', async () => {
  await using bench = await setUp();
  bench.writer.set('acme/a', status('True'));
  await bench.settled();
  bench.view.stale = bench.history.objects;
  bench.writer.set('acme/a', status('False'));
  await bench.settled();
  bench.writer.set('acme/a', status('False'));
  await bench.settled();
  assert.equal(bench.written(), 2, 'not written again though the reader has the old status');
  bench.writer.set('acme/a', status('True'));
  await bench.settled();
  assert.equal(bench.written(), 3, 'written though the reader has just this status');
});

test('an object that is gone, or another of the same name, gets nothing', async () => {
  await using bench = await setUp();
  bench.view.stale = bench.history.objects;
  bench.writer.set('acme/none', status('True'));
  await bench.settled();
  assert.equal(bench.written(), 0);
  const { uid } = bench.history.objects.get('acme/a')!.metadata;
  bench.history.remove('acme/a');
  bench.writer.set('acme/a', status('True'), uid);
  await bench.settled();
  bench.history.put(widget('a'));
  bench.writer.set('acme/a', status('True'), uid);
  await bench.settled();
  bench.view.stale = undefined;
  bench.writer.set('acme/a', status('True'), uid);
  await bench.settled();
  assert.deepEqual([bench.written(), bench.writer.figures.dropped, bench.writer.figures.written], [2, 4, 0]);
  assert.deepEqual(bench.errors, []);
  assert.equal(bench.history.objects.get('acme/a')!['status'], undefined);
});

test('a failure is repeated until it works, with what is stated by then', async () => {
  await using bench = await setUp();
  let failures = 3;
  bench.cluster.server.behave = () => (failures-- > 0 ? { do: 'status', code: 500 } : undefined);
  bench.writer.set('acme/a', status('False'));
  await drive(
    bench.clock,
    () => bench.errors.length === 1,
    () => 0,
  );
  bench.writer.set('acme/a', status('True'));
  await drive(bench.clock, () => bench.writer.figures.written === 1);
  assert.equal(bench.errors.length, 3);
  assert.deepEqual(
    bench.transitions.map(({ after }) => after.status),
    ['True'],
  );
});

test('429 holds back all writes for as long as the server asks', async () => {
  await using bench = await setUp();
  bench.history.put(widget('b'));
  let once = true;
  bench.cluster.server.behave = () => {
    if (!once) return undefined;
    once = false;
    return { do: 'status', code: 429, retryAfter: 9 };
  };
  bench.writer.set('acme/a', status('True'));
  await drive(
    bench.clock,
    () => bench.errors.length === 1,
    () => 0,
  );
  bench.writer.set('acme/b', status('True'));
  const begun = bench.clock.monotonic();
  await drive(bench.clock, () => bench.writer.figures.written === 2);
  assert.equal(bench.clock.monotonic() - begun, 9000);
});

test('no more than so many writes in a second', async () => {
  await using bench = await setUp({ perSecond: 10, burst: 5 });
  for (let n = 0; n < 25; n++) {
    bench.history.put(widget(`w${n}`));
    bench.writer.set(`acme/w${n}`, status('True'));
  }
  await bench.settled();
  assert.equal(bench.writer.figures.written, 25);
  assert.ok(Math.abs(bench.clock.monotonic() - 2000) < 1, `${bench.clock.monotonic()} ms`);
});

test('drain writes what waits', async () => {
  await using bench = await setUp();
  for (let n = 0; n < 20; n++) {
    bench.history.put(widget(`w${n}`));
    bench.writer.set(`acme/w${n}`, status('True'));
  }
  await bench.writer.drain();
  assert.equal(bench.writer.figures.written, 20);
});
