import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnyObject } from '../kube/objects.ts';
import { startCluster } from '../kube/testing/cluster.ts';
import { createManualClock, drive } from '../kube/testing/manual-clock.ts';
import { SecretKeeper } from './secrets.ts';

function secret(name: string, data: Readonly<Record<string, string>>): AnyObject {
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'acme' },
    data: Object.fromEntries(encoded),
  };
}

async function setUp() {
  const clock = createManualClock();
  const cluster = await startCluster(clock);
  const history = cluster.server.history('secrets');
  let changes = 0;
  const keeper = new SecretKeeper({
    api: cluster.api,
    onChange: () => changes++,
    onError: () => {},
    clock,
    random: () => 0.5,
  });
  /** What callflows are given, by Secret. */
  const values = () =>
    Object.fromEntries([...keeper.located()].map(({ resource }) => [resource.metadata.name, resource.data]));
  return {
    clock,
    cluster,
    history,
    keeper,
    values,
    changes: () => changes,
    async synced() {
      keeper.start();
      let done = false;
      void keeper.synced.then(() => {
        done = true;
      });
      await drive(clock, () => done);
    },
    async [Symbol.asyncDispose]() {
      await keeper.stop();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

test('only values that somebody refers to are kept, and they follow the Secret', async () => {
  await using bench = await setUp();
  const { history, keeper, clock, values } = bench;
  history.put(secret('app', { token: 'one', other: 'unused' }));
  history.put(secret('unused', { a: 'b' }));
  keeper.setRefs('acme/a', 'acme', [{ name: 'app', key: 'token' }]);
  await bench.synced();
  assert.deepEqual(values(), { app: { token: 'one' } });
  const before = bench.changes();
  history.put(secret('unused', { a: 'c' }));
  history.put(secret('app', { token: 'two', other: 'unused' }));
  await drive(clock, () => values()['app']?.['token'] === 'two');
  assert.equal(bench.changes(), before + 1);
  history.remove('acme/app');
  await drive(clock, () => values()['app'] === undefined);
});

test('a value that is referred to later is fetched, once, and forgotten when nobody refers to it any more', async () => {
  await using bench = await setUp();
  const { history, keeper, cluster, clock, values } = bench;
  history.put(secret('app', { token: 'one', hmac: 'key' }));
  await bench.synced();
  const gets = () => cluster.server.requests.filter(({ path }) => path.endsWith('/secrets/app')).length;
  keeper.setRefs('acme/a', 'acme', [{ name: 'app', key: 'hmac' }]);
  keeper.setRefs('acme/b', 'acme', [{ name: 'app', key: 'hmac' }]);
  keeper.setRefs('acme/c', 'acme', [{ name: 'app', key: 'missing' }]);
  let settled = false;
  void keeper.settled(new AbortController().signal).then(() => {
    settled = true;
  });
  await drive(
    clock,
    () => settled,
    () => 100,
  );
  assert.deepEqual(values(), { app: { hmac: 'key' } });
  assert.equal(gets(), 1);
  // What the watch says later counts more than what was fetched.
  history.put(secret('app', { token: 'one', hmac: 'key 2' }));
  await drive(clock, () => values()['app']?.['hmac'] === 'key 2');
  for (const callflow of ['acme/a', 'acme/b', 'acme/c']) keeper.setRefs(callflow, 'acme', []);
  assert.deepEqual(values(), {});
  assert.equal(keeper.wanted, 0);
});
