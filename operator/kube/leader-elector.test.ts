import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KubeError } from './kube-error.ts';
import { ELECTION_TIMING, LeaderElector, type Term } from './leader-elector.ts';
import { createLeaseAccess } from './lease.ts';
import { startCluster } from './testing/cluster.ts';
import { createLeaseStore, type LeaseStore, type Network } from './testing/lease-store.ts';
import { createManualClock, drive, type ManualClock, settle } from './testing/manual-clock.ts';

interface Candidate {
  readonly elector: LeaderElector;
  readonly terms: Term[];
  readonly losses: (KubeError | undefined)[];
}

function candidate(name: string, store: LeaseStore, clock: ManualClock): Candidate {
  const terms: Term[] = [];
  const losses: (KubeError | undefined)[] = [];
  const elector = new LeaderElector({
    lease: store.accessOf(name),
    identity: name,
    onElected: (term) => terms.push(term),
    onLost: (error) => losses.push(error),
    onError: () => undefined,
    clock,
    random: () => 0.5,
  });
  return { elector, terms, losses };
}

/** Two candidates, of which `a` leads. */
async function setUp() {
  const clock = createManualClock();
  const store = createLeaseStore();
  const a = candidate('a', store, clock);
  const b = candidate('b', store, clock);
  a.elector.start();
  await settle();
  b.elector.start();
  await settle();
  /** Lets time pass in small steps, so that everybody has a turn in between. */
  const pass = async (ms: number, look: () => void = () => undefined) => {
    for (let left = ms; left > 0; left -= 100) {
      clock.advance(Math.min(100, left));
      await settle();
      look();
    }
  };
  return { clock, store, a, b, pass };
}

test('the first leads and goes on leading; the other knows who it is', async () => {
  const { store, a, b, pass } = await setUp();
  await pass(60_000);
  assert.ok(a.elector.isLeader && !b.elector.isLeader);
  assert.equal(b.elector.holder, 'a');
  assert.equal(a.terms.length, 1);
  assert.equal(store.record?.transitions, 0);
  assert.match(store.record?.renewTime ?? '', /^2026-01-01T00:0\d:\d\d\.\d{6}Z$/);
});

test('a leader that stops gives the Lease up: another leads after its next look', async () => {
  const { clock, store, a, b, pass } = await setUp();
  await pass(5000);
  await a.elector.stop();
  assert.equal(store.record?.holder, '');
  assert.deepEqual(a.losses, [undefined]);
  assert.ok(a.terms[0]!.signal.aborted);
  await pass(2400);
  assert.ok(b.elector.isLeader);
  assert.equal(b.terms[0]!.number, 1);
  await b.elector.stop();
  assert.equal(clock.timers, 0);
});

for (const network of ['down', 'hang', 'lost', 'late'] satisfies Network[]) {
  test(`cut off (${network}), the leader knows in time, before the other may lead`, async () => {
    const { store, a, b, pass } = await setUp();
    await pass(4000);
    store.network.set('a', network);
    let lostAt: number | undefined;
    let ledAt: number | undefined;
    let passed = 0;
    await pass(24_000, () => {
      passed += 100;
      if (!a.elector.isLeader) lostAt ??= passed;
      if (b.elector.isLeader) ledAt ??= passed;
      assert.ok(!(a.elector.isLeader && b.elector.isLeader));
    });
    assert.ok(lostAt !== undefined && lostAt <= ELECTION_TIMING.renewDeadlineMs, `lost after ${lostAt}`);
    // Where its requests still arrive, the Lease is renewed though it does not know: then the other waits, as it must.
    if (network !== 'lost')
      assert.ok(
        ledAt !== undefined && ledAt > lostAt && ledAt <= ELECTION_TIMING.durationMs + 1_300,
        `led after ${ledAt}`,
      );
    assert.equal(a.losses.length, 1);
    assert.equal(a.losses[0]?.fault.code, 'PV-2017');
    assert.ok(a.terms[0]!.signal.aborted);
    store.network.set('a', 'ok');
    store.release('a');
    await pass(20_000, () => assert.ok(!(a.elector.isLeader && b.elector.isLeader)));
    assert.ok(a.elector.isLeader || b.elector.isLeader);
  });
}

test('one answer that is lost costs nothing', async () => {
  const { store, a, pass } = await setUp();
  await pass(1900);
  store.network.set('a', 'lost');
  await pass(200);
  store.network.set('a', 'ok');
  await pass(30_000);
  assert.equal(a.losses.length, 0);
  assert.equal(a.terms.length, 1);
});

test('a leader learns at its next renewal that the Lease was taken or removed', async () => {
  const { store, a, b, pass } = await setUp();
  await pass(4000);
  store.remove();
  await pass(5000);
  assert.equal(a.losses.length, 1);
  assert.ok(a.elector.isLeader !== b.elector.isLeader);
  // Its number is still larger than any before.
  const leader = a.elector.isLeader ? a : b;
  assert.ok(leader === b || leader.terms[1]!.number > leader.terms[0]!.number);
});

test('however renewals and looks fall together, the other leads only after the leader has ended', async () => {
  for (let begin = 0; begin < 2200; begin += 200) {
    const clock = createManualClock();
    const store = createLeaseStore();
    const a = candidate('a', store, clock);
    const b = candidate('b', store, clock);
    a.elector.start();
    await settle();
    clock.advance(begin);
    await settle();
    b.elector.start();
    await settle();
    clock.advance(1000);
    await settle();
    store.network.set('a', 'down');
    let alone = 0;
    for (let passed = 0; !b.elector.isLeader; passed += 100) {
      clock.advance(100);
      await settle();
      if (!a.elector.isLeader) alone += 100;
      assert.ok(passed < 20_000);
    }
    assert.ok(alone >= 1400, `only ${alone} ms between the two, begun ${begin} ms apart`);
  }
});

test('a process that was paused is no leader when it goes on, before any timer has run', async () => {
  const clock = createManualClock();
  const store = createLeaseStore();
  let now = 0;
  const frozen = { ...clock, monotonic: () => now };
  const a = new LeaderElector({
    lease: store.accessOf('a'),
    identity: 'a',
    onElected: () => undefined,
    onLost: () => undefined,
    onError: () => undefined,
    clock: frozen,
    random: () => 0.5,
  });
  a.start();
  await settle();
  assert.ok(a.isLeader);
  now = 10_000;
  assert.ok(!a.isLeader);
});

test('property: through any partitions and lost answers there are never two leaders, and one in the end', async () => {
  const names = ['a', 'b'] as const;
  const step = fc.oneof(
    fc.record({
      who: fc.constantFrom(...names),
      network: fc.constantFrom<Network[]>('ok', 'down', 'hang', 'lost', 'late'),
    }),
    fc.record({ ms: fc.integer({ min: 1, max: 12_000 }) }),
    fc.record({ arrive: fc.constantFrom(...names) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
      const { store, a, b, pass } = await setUp();
      const look = () => assert.ok(!(a.elector.isLeader && b.elector.isLeader), 'two leaders');
      for (const one of steps) {
        if ('who' in one) store.network.set(one.who, one.network);
        else if ('arrive' in one) store.release(one.arrive);
        else if ('ms' in one) await pass(one.ms, look);
      }
      for (const name of names) store.network.set(name, 'ok');
      await pass(20_000, look);
      assert.ok(a.elector.isLeader || b.elector.isLeader, 'nobody leads');
      const numbers = [...a.terms, ...b.terms].map(({ number }) => number);
      assert.equal(new Set(numbers).size, numbers.length, 'each term has its own number');
    }),
    { numRuns: 60 },
  );
});

test('against an API server: create, renew, take over, give up', async () => {
  const clock = createManualClock();
  await using cluster = await startCluster(clock);
  const elect = (identity: string) =>
    new LeaderElector({
      lease: createLeaseAccess(cluster.api, { namespace: 'voice', name: 'operator' }),
      identity,
      onElected: () => undefined,
      onLost: () => undefined,
      onError: (error) => assert.fail(String(error)),
      clock,
      random: () => 0.5,
    });
  const a = elect('a');
  const b = elect('b');
  const lease = () =>
    cluster.server.history('leases').objects.get('voice/operator')?.['spec'] as Record<string, unknown>;
  a.start();
  await drive(
    clock,
    () => a.isLeader,
    () => 0,
  );
  assert.deepEqual(lease(), {
    holderIdentity: 'a',
    leaseDurationSeconds: ELECTION_TIMING.durationMs / 1000,
    leaseTransitions: 0,
    acquireTime: '2026-01-01T00:00:00.000000Z',
    renewTime: '2026-01-01T00:00:00.000000Z',
  });
  clock.advance(2000);
  await drive(
    clock,
    () => lease()['renewTime'] === '2026-01-01T00:00:02.000000Z',
    () => 0,
  );
  assert.equal(lease()['acquireTime'], '2026-01-01T00:00:00.000000Z');
  b.start();
  await drive(
    clock,
    () => b.holder === 'a',
    () => 0,
  );
  await a.stop();
  assert.equal(lease()['holderIdentity'], '');
  clock.advance(2400);
  await drive(
    clock,
    () => b.isLeader,
    () => 0,
  );
  assert.deepEqual([lease()['holderIdentity'], lease()['leaseTransitions']], ['b', 1]);
  await b.stop();
});
