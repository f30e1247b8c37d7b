import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventRecorder, type KubeEvent } from './events.ts';
import type { KubeError } from './kube-error.ts';
import { startCluster, widget } from './testing/cluster.ts';
import { createManualClock, drive } from './testing/manual-clock.ts';

async function setUp(rate = { perSecond: 1, burst: 50 }) {
  const clock = createManualClock();
  const cluster = await startCluster(clock);
  const errors: KubeError[] = [];
  const recorder = new EventRecorder({
    api: cluster.api,
    controller: 'example.com/operator',
    instance: 'operator-1',
    onError: (error) => errors.push(error),
    clock,
    random: () => 0.5,
    rate,
  });
  recorder.start();
  return {
    clock,
    cluster,
    errors,
    recorder,
    events: () => [...cluster.server.history('events').objects.values()],
    done: (count: number) => drive(clock, () => recorder.figures.sent + recorder.figures.dropped === count),
    async [Symbol.asyncDispose]() {
      await recorder.stop();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

const LOST: KubeEvent = { type: 'Warning', reason: 'Conflict', action: 'Claim', note: 'somebody else has it' };
const OBJECT = { ...widget('a'), metadata: { name: 'a', namespace: 'acme', uid: 'u1', resourceVersion: '7' } };

test('an event says what happened to which object, in the namespace of the object', async () => {
  await using bench = await setUp();
  bench.recorder.record(OBJECT, LOST);
  await bench.done(1);
  const { path, body } = bench.cluster.server.requests[0]!;
  assert.equal(path, '/apis/events.k8s.io/v1/namespaces/acme/events');
  const { metadata, ...rest } = body as { metadata: { name: string; namespace: string } };
  assert.match(metadata.name, /^a\.[0-9a-f]{16}$/);
  assert.deepEqual(rest, {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'example.com/operator',
    reportingInstance: 'operator-1',
    ...LOST,
    regarding: {
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      name: 'a',
      namespace: 'acme',
      uid: 'u1',
      resourceVersion: '7',
    },
  });
});

test('an object of cluster scope has its events in default; a long note is cut', async () => {
  await using bench = await setUp();
  bench.recorder.record({ ...OBJECT, metadata: { name: 'fleet' } }, { ...LOST, note: 'ü'.repeat(2000) });
  await bench.done(1);
  const [event] = bench.events();
  assert.equal(event!.metadata.namespace, 'default');
  assert.ok(Buffer.byteLength(event!['note'] as string) <= 1024);
});

test('the same is not told twice within ten minutes; something else is', async () => {
  await using bench = await setUp();
  for (let n = 0; n < 5; n++) bench.recorder.record(OBJECT, LOST);
  bench.recorder.record(OBJECT, { ...LOST, reason: 'Gone' });
  bench.recorder.record({ ...OBJECT, metadata: { ...OBJECT.metadata, uid: 'u2' } }, LOST);
  await bench.done(3);
  assert.equal(bench.recorder.figures.repeated, 4);
  bench.clock.advance(10 * 60_000);
  bench.recorder.record(OBJECT, LOST);
  await bench.done(4);
  assert.equal(bench.events().length, 4);
});

test('too many at once are spread over time, and far too many are dropped', async () => {
  await using bench = await setUp({ perSecond: 10, burst: 5 });
  for (let n = 0; n < 1100; n++) bench.recorder.record(OBJECT, { ...LOST, note: String(n) });
  assert.equal(bench.recorder.figures.dropped, 100);
  await drive(bench.clock, () => bench.recorder.figures.sent === 25);
  assert.ok(bench.clock.monotonic() >= 1900);
});

test('an event is tried three times, and one that is refused is dropped at once', async () => {
  await using bench = await setUp();
  bench.cluster.server.behave = () => ({ do: 'status', code: 500 });
  bench.recorder.record(OBJECT, LOST);
  await bench.done(1);
  assert.equal(bench.cluster.server.requests.length, 3);
  bench.cluster.server.behave = () => ({ do: 'status', code: 403 });
  bench.recorder.record(OBJECT, { ...LOST, reason: 'Gone' });
  await bench.done(2);
  assert.equal(bench.cluster.server.requests.length, 4);
  assert.deepEqual(bench.recorder.figures, { sent: 0, repeated: 0, dropped: 2 });
});
