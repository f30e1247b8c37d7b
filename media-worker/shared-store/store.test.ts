import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { PivotError } from '../../crds/errors/fault.ts';
import { createLogger } from '../../runtime/log.ts';
import { createMemoryStore } from './memory.ts';
import { createRedisStore } from './redis.ts';
import type { SharedStore } from './store.ts';
import { type RedisServer, startRedis } from './testing.ts';

const redis = await startRedis();
const log = createLogger({ level: 'silent' });

async function connected(url: string): Promise<SharedStore> {
  const store = createRedisStore({ url, log });
  while (!store.connected) await delay(5);
  return store;
}

/** What every store does, with real time where time is meant. */
function behaviour(open: () => Promise<SharedStore>): void {
  let store: SharedStore;
  before(async () => {
    store = await open();
  });
  after(() => store.close());

  test('a value is there until it is deleted', async () => {
    assert.equal(await store.get('a'), undefined);
    await store.set('a', 'ä');
    assert.equal(await store.get('a'), 'ä');
    await store.delete('a');
    assert.equal(await store.get('a'), undefined);
  });

  test('a value with a time to live goes by itself; renewed, it stays', async () => {
    await store.set('short', '1', 20);
    await store.set('renewed', '1', 20);
    assert.equal(await store.expire('renewed', 60_000), true);
    while ((await store.get('short')) !== undefined) await delay(5);
    assert.equal(await store.get('renewed'), '1');
    assert.equal(await store.expire('short', 1000), false);
  });

  test('one of many owns a key; he alone renews it and lets it go', async () => {
    const won = await Promise.all(
      ['w1', 'w2', 'w3'].map((worker) => store.compareAndSet('owner', undefined, worker, 9000)),
    );
    assert.deepEqual(won.filter(Boolean), [true]);
    const owner = (await store.get('owner'))!;
    const other = owner === 'w1' ? 'w2' : 'w1';
    assert.equal(await store.compareAndSet('owner', other, other, 9000), false);
    assert.equal(await store.compareAndSet('owner', owner, owner, 9000), true);
    assert.equal(await store.compareAndSet('owner', other, undefined), false);
    assert.equal(await store.compareAndSet('owner', owner, undefined), true);
    assert.equal(await store.get('owner'), undefined);
  });

  test('an empty value is a value', async () => {
    assert.equal(await store.compareAndSet('empty', '', 'x'), false);
    assert.equal(await store.compareAndSet('empty', undefined, ''), true);
    assert.equal(await store.get('empty'), '');
    assert.equal(await store.compareAndSet('empty', '', 'x'), true);
  });

  test('a list is first in, first out; who is in it keeps his place', async () => {
    assert.deepEqual(
      [await store.append('queue', 'ann'), await store.append('queue', 'bob'), await store.append('queue', 'cid')],
      [1, 2, 3],
    );
    assert.equal(await store.append('queue', 'ann'), 1);
    assert.equal(await store.position('queue', 'bob'), 2);
    assert.deepEqual(await store.members('queue'), ['ann', 'bob', 'cid']);
    assert.equal(await store.takeFirst('queue'), 'ann');
    assert.equal(await store.position('queue', 'bob'), 1);
    assert.equal(await store.position('queue', 'ann'), undefined);
    assert.equal(await store.remove('queue', 'bob'), true);
    assert.equal(await store.remove('queue', 'bob'), false);
    assert.equal(await store.size('queue'), 1);
    assert.equal(await store.takeFirst('queue'), 'cid');
    assert.equal(await store.takeFirst('queue'), undefined);
    assert.equal(await store.size('queue'), 0);
  });

  test('nobody is taken out of a list twice', async () => {
    for (const member of ['1', '2', '3', '4', '5']) await store.append('once', member);
    const taken = await Promise.all(Array.from({ length: 8 }, () => store.takeFirst('once')));
    assert.deepEqual(taken.filter((each) => each !== undefined).sort(), ['1', '2', '3', '4', '5']);
  });

  test('a member stands where its score says, and moves with it; a list expires as a whole', async () => {
    await store.place('prio', 'b', 10);
    await store.place('prio', 'c', 10);
    await store.place('prio', 'a', 20);
    assert.deepEqual(await store.members('prio'), ['b', 'c', 'a']);
    await store.place('prio', 'a', 1);
    assert.deepEqual(await store.members('prio'), ['a', 'b', 'c']);
    await store.expire('prio', 20);
    while ((await store.size('prio')) > 0) await delay(5);
    assert.equal(await store.append('prio', 'new'), 1);
  });

  test('a message reaches everybody who listens, and nobody any more who has left', async () => {
    const heard: string[] = [];
    const [first, second] = [new AbortController(), new AbortController()];
    const both = Promise.withResolvers<void>();
    const hear = (who: string) => (message: string) => {
      heard.push(`${who} ${message}`);
      if (heard.length === 2) both.resolve();
    };
    await store.subscribe('news', hear('first'), first.signal);
    await store.subscribe('news', hear('second'), second.signal);
    await store.publish('other', 'no');
    await store.publish('news', '1');
    await both.promise;
    first.abort();
    const again = Promise.withResolvers<void>();
    const third = new AbortController();
    await store.subscribe('news', () => again.resolve(), third.signal);
    await store.publish('news', '2');
    await again.promise;
    assert.deepEqual(heard.slice(0, 2).sort(), ['first 1', 'second 1']);
    assert.deepEqual(heard.slice(2), ['second 2']);
    second.abort();
    third.abort();
  });
}

suite('a store in memory', () => {
  behaviour(async () => createMemoryStore());

  test('what nobody asks for again does not stay', async () => {
    let now = 0;
    const store = createMemoryStore({ now: () => now });
    await store.set('old', 'x', 1000);
    now = 1000;
    assert.equal(await store.get('old'), undefined);
  });
});

suite('a store in Redis', { skip: redis === undefined ? 'redis-server is not installed' : false }, () => {
  after(() => redis?.stop());
  behaviour(() => connected(redis!.url));

  test('workers see the same', async () => {
    const [one, two] = await Promise.all([connected(redis!.url), connected(redis!.url)]);
    await one.set('seen', 'yes');
    assert.equal(await two.get('seen'), 'yes');
    await Promise.all([one.append('shared', 'a'), two.append('shared', 'b'), one.append('shared', 'c')]);
    assert.equal(await two.size('shared'), 3);
    await one.close();
    await two.close();
  });

  test('a store that is away refuses with a code; when it is back, listeners hear again', async () => {
    const port = await unusedPort();
    let server = (await startRedis(port)) as RedisServer;
    const store = await connected(server.url);
    const { signal } = new AbortController();
    const heard = Promise.withResolvers<string>();
    await store.subscribe('back', heard.resolve, signal);
    await server.stop();
    while (store.connected) await delay(5);
    await assert.rejects(store.get('a'), (error) => error instanceof PivotError && error.fault.code === 'PV-2301');
    server = (await startRedis(port)) as RedisServer;
    while (!store.connected) await delay(5);
    const again = setInterval(() => store.publish('back', 'hello').catch(() => {}), 20);
    assert.equal(await heard.promise, 'hello');
    clearInterval(again);
    await store.close();
    await server.stop();
  });
});

async function unusedPort(): Promise<number> {
  const server = (await startRedis()) as RedisServer;
  await server.stop();
  return Number(new URL(server.url).port);
}
