import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { isKubeError } from './kube-error.ts';
import type { AnyObject } from './objects.ts';
import { Reflector, type ReflectorTiming, withoutManagedFields } from './reflector.ts';
import type { Change } from './store.ts';
import type { Behaviour, SeenRequest } from './testing/behaviour.ts';
import { startCluster, type TestCluster, WIDGET, widget } from './testing/cluster.ts';
import { createManualClock, drive, type ManualClock } from './testing/manual-clock.ts';

interface Bench extends AsyncDisposable {
  readonly cluster: TestCluster;
  readonly clock: ManualClock;
  readonly reflector: Reflector<AnyObject>;
  readonly changes: Change<AnyObject>[];
  readonly errors: unknown[];
  /** Waits until the store is what the server has. */
  converged(): Promise<void>;
}

async function setUp(
  options: {
    timing?: Partial<ReflectorTiming>;
    onChange?: (change: Change<AnyObject>) => void;
    transform?: (object: AnyObject) => AnyObject;
    clock?: ManualClock;
  } = {},
): Promise<Bench> {
  const clock = options.clock ?? createManualClock();
  const cluster = await startCluster(clock);
  const changes: Change<AnyObject>[] = [];
  const errors: unknown[] = [];
  const reflector = new Reflector<AnyObject>({
    api: cluster.api,
    type: WIDGET,
    transform: options.transform ?? withoutManagedFields,
    onChange(change) {
      changes.push(change);
      options.onChange?.(change);
    },
    onError: (error) => errors.push(error),
    clock,
    random: () => 0.5,
    ...(options.timing === undefined ? {} : { timing: options.timing }),
  });
  const history = cluster.server.history('widgets');
  return {
    cluster,
    clock,
    reflector,
    changes,
    errors,
    converged: () => drive(clock, () => same(reflector, history.objects)),
    async [Symbol.asyncDispose]() {
      await reflector.stop();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

function same({ store }: Reflector<AnyObject>, objects: ReadonlyMap<string, AnyObject>): boolean {
  return (
    store.size === objects.size &&
    [...objects].every(([key, { metadata }]) => store.get(key)?.metadata.resourceVersion === metadata.resourceVersion)
  );
}

const isWatch = ({ query }: SeenRequest) => query.get('watch') === 'true';
const told = (changes: readonly Change<AnyObject>[]) => changes.map(({ type, key }) => `${type} ${key}`);

/** Misbehaves for the first requests that match, then no more. */
function first(matches: (request: SeenRequest) => boolean, ...behaviours: Behaviour[]) {
  return (request: SeenRequest) => (matches(request) ? behaviours.shift() : undefined);
}

test('lists from the cache of the server in pages, then watches from the version of the list', async () => {
  await using bench = await setUp({ timing: { pageSize: 2 } });
  const history = bench.cluster.server.history('widgets');
  for (const name of ['a', 'b', 'c', 'd', 'e']) history.put(widget(name));
  bench.reflector.start();
  assert.equal(await bench.reflector.synced, true);
  assert.deepEqual(told(bench.changes), ['add acme/a', 'add acme/b', 'add acme/c', 'add acme/d', 'add acme/e']);
  await drive(bench.clock, () => bench.cluster.server.watches.size === 1);
  const asked = bench.cluster.server.requests.map(({ query }) => Object.fromEntries(query));
  assert.deepEqual(asked, [
    { limit: '2', resourceVersion: '0' },
    { limit: '2', continue: '105:2' },
    { limit: '2', continue: '105:4' },
    { watch: 'true', allowWatchBookmarks: 'true', resourceVersion: '105', timeoutSeconds: '290' },
  ]);
});

test('an event changes the store before it is told', async () => {
  let seen: unknown;
  await using bench = await setUp({
    onChange: ({ key }) => {
      seen = bench.reflector.store.get(key)?.['spec'];
    },
  });
  const history = bench.cluster.server.history('widgets');
  bench.reflector.start();
  await bench.reflector.synced;
  history.put(widget('a', { size: 1 }));
  await bench.converged();
  assert.deepEqual(seen, { size: 1 });
  history.put(widget('a', { size: 2 }));
  await bench.converged();
  assert.deepEqual(seen, { size: 2 });
  history.remove('acme/a');
  await bench.converged();
  assert.equal(seen, undefined);
  assert.deepEqual(told(bench.changes), ['add acme/a', 'update acme/a', 'delete acme/a']);
  assert.equal(bench.reflector.version, String(history.version));
});

test('a watch that the server ends is resumed where it was, without listing', async () => {
  await using bench = await setUp();
  const { server } = bench.cluster;
  server.history('widgets').put(widget('a'));
  bench.reflector.start();
  await drive(bench.clock, () => server.watches.size === 1);
  bench.clock.advance(290_000);
  for (const watch of server.watches) watch.end();
  server.history('widgets').put(widget('b'));
  await bench.converged();
  assert.equal(bench.reflector.figures.relists, 0);
  assert.equal(bench.reflector.figures.restarts, 1);
  assert.deepEqual(bench.errors, []);
});

test('bookmarks move the version on, so that a quiet kind survives a compaction', async () => {
  await using bench = await setUp();
  const { server } = bench.cluster;
  const history = server.history('widgets');
  history.put(widget('a'));
  bench.reflector.start();
  await drive(bench.clock, () => server.watches.size === 1);
  for (let n = 0; n < 10; n++) history.touch();
  for (const watch of server.watches) watch.bookmark();
  await drive(bench.clock, () => bench.reflector.version === String(history.version));
  history.compact();
  for (const watch of server.watches) watch.reset();
  history.put(widget('b'));
  await bench.converged();
  assert.equal(bench.reflector.figures.relists, 0);
});

/** All the ways in which a server says that a version is gone. */
const GONE: readonly Behaviour[] = [
  { do: 'status', code: 410, reason: 'Gone' },
  { do: 'status', code: 410, reason: 'Expired' },
  { do: 'status', code: 504, reason: 'Timeout', details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } },
  { watch: 'error', after: 0, code: 410, reason: 'Expired' },
  { watch: 'error', after: 0, code: 500, reason: 'Expired' },
];

for (const behaviour of GONE) {
  test(`${JSON.stringify(behaviour)}: lists the latest state at once; deletions that were missed are told`, async () => {
    await using bench = await setUp();
    const { server } = bench.cluster;
    const history = server.history('widgets');
    for (const name of ['a', 'b']) history.put(widget(name));
    bench.reflector.start();
    await drive(bench.clock, () => server.watches.size === 1);
    server.behave = first(isWatch, behaviour);
    for (const watch of server.watches) watch.reset();
    await drive(bench.clock, () => server.watches.size === 0);
    history.remove('acme/a');
    history.put(widget('c'));
    await bench.converged();
    assert.deepEqual(told(bench.changes).slice(2).sort(), ['add acme/c', 'delete acme/a']);
    assert.equal(bench.reflector.figures.relists, 1);
    assert.equal(
      server.requests
        .filter((request) => !isWatch(request))
        .at(-1)!
        .query.has('resourceVersion'),
      false,
    );
  });
}

test('an object that did not change between two lists is not told again', async () => {
  await using bench = await setUp();
  const { server } = bench.cluster;
  const history = server.history('widgets');
  for (const name of ['a', 'b']) history.put(widget(name));
  bench.reflector.start();
  await drive(bench.clock, () => server.watches.size === 1);
  history.compact();
  history.put(widget('b', { size: 2 }));
  server.behave = first(isWatch, { do: 'status', code: 410 });
  for (const watch of server.watches) watch.reset();
  await drive(bench.clock, () => bench.reflector.figures.relists === 1);
  assert.deepEqual(told(bench.changes).slice(2), ['update acme/b']);
});

test('a page whose token has expired: everything once more, in one piece', async () => {
  await using bench = await setUp({ timing: { pageSize: 2 } });
  const { server } = bench.cluster;
  const history = server.history('widgets');
  for (const name of ['a', 'b', 'c']) history.put(widget(name));
  server.behave = ({ query }) => {
    if (query.has('continue')) {
      history.put(widget('d'));
      history.compact();
    }
    return undefined;
  };
  bench.reflector.start();
  await bench.reflector.synced;
  assert.equal(bench.reflector.store.size, 4);
  assert.deepEqual(bench.errors, []);
  const asked = server.requests.filter((request) => !isWatch(request)).map(({ query }) => Object.fromEntries(query));
  assert.deepEqual(asked.at(-1), {});
});

/** Waits between attempts; three quarters of the limit at most, since chance is always one half here. */
const WAITS: readonly (readonly [name: string, answer: Behaviour, waits: readonly number[]])[] = [
  [
    'what lasts until somebody mends it: up to 30 s',
    { do: 'status', code: 403, reason: 'Forbidden' },
    [750, 1500, 3000, 6000, 12_000, 22_500, 22_500],
  ],
  [
    'a server in trouble: up to 4 s',
    { do: 'status', code: 500, reason: 'InternalError' },
    [750, 1500, 3000, 3000, 3000],
  ],
  ['a server that does not answer: up to 4 s', { do: 'reset' }, [750, 1500, 3000, 3000, 3000]],
];
for (const [name, answer, expected] of WAITS) {
  test(`asked again with growing waits, for ever: ${name}`, async () => {
    await using bench = await setUp();
    const { server } = bench.cluster;
    server.behave = () => answer;
    bench.reflector.start();
    const waits: number[] = [];
    for (let n = 1; n <= expected.length; n++) {
      await drive(
        bench.clock,
        () => bench.errors.length === n && bench.clock.nextIn !== undefined,
        () => 0,
      );
      waits.push(bench.clock.nextIn!);
      bench.clock.advance(bench.clock.nextIn!);
    }
    assert.deepEqual(waits, expected);
    server.behave = () => undefined;
    server.history('widgets').put(widget('a'));
    await bench.converged();
  });
}

test('429: not before the time that the server asks for', async () => {
  await using bench = await setUp();
  bench.cluster.server.behave = first(() => true, { do: 'status', code: 429, retryAfter: 13 });
  bench.reflector.start();
  await drive(
    bench.clock,
    () => bench.errors.length === 1 && bench.clock.nextIn !== undefined,
    () => 0,
  );
  assert.equal(bench.clock.nextIn, 13_000);
});

test('a watch that the server ends at once, again and again, is not asked for in a tight loop', async () => {
  await using bench = await setUp();
  bench.cluster.server.behave = (request) => (isWatch(request) ? { watch: 'end', after: 0 } : undefined);
  bench.reflector.start();
  const begun = bench.clock.monotonic();
  await drive(bench.clock, () => bench.reflector.figures.restarts === 8);
  assert.ok(bench.clock.monotonic() - begun > 60_000);
});

test('a watch that is refused five times for whatever reason: the list is taken anew', async () => {
  await using bench = await setUp();
  bench.cluster.server.behave = (request) =>
    isWatch(request) ? { watch: 'error', after: 0, code: 500, reason: 'InternalError' } : undefined;
  bench.reflector.start();
  await drive(bench.clock, () => bench.reflector.figures.relists === 1);
  const lists = bench.cluster.server.requests.flatMap((request, index) => (isWatch(request) ? [] : [index]));
  assert.deepEqual(lists, [0, 6]);
});

test('a watch that goes silent is given up after its time and 30 s, and resumed', async () => {
  await using bench = await setUp();
  const { server } = bench.cluster;
  const history = server.history('widgets');
  history.put(widget('a'));
  server.behave = first(isWatch, { watch: 'silence', after: 0 });
  bench.reflector.start();
  await drive(bench.clock, () => server.silent === 1);
  history.put(widget('b'));
  assert.equal(bench.clock.nextIn, 320_000);
  bench.clock.advance(320_000);
  await bench.converged();
  assert.ok(isKubeError(bench.errors[0], 'silent'));
  assert.equal(bench.reflector.figures.relists, 0);
});

for (const behaviour of [
  { watch: 'garbage', after: 0 },
  { watch: 'half', after: 0 },
  { watch: 'reset', after: 1 },
] satisfies Behaviour[]) {
  test(`${JSON.stringify(behaviour)}: resumed where it was, nothing lost, nothing twice`, async () => {
    await using bench = await setUp();
    const { server } = bench.cluster;
    const history = server.history('widgets');
    server.behave = first(isWatch, behaviour);
    bench.reflector.start();
    await bench.reflector.synced;
    for (const name of ['a', 'b', 'c']) history.put(widget(name));
    await bench.converged();
    assert.deepEqual(told(bench.changes), ['add acme/a', 'add acme/b', 'add acme/c']);
    assert.equal(bench.errors.length, 1);
    assert.equal(bench.reflector.figures.relists, 0);
  });
}

test('a handler that throws is counted and reported; the next change is told all the same', async () => {
  await using bench = await setUp({
    onChange: () => {
      throw new Error('a bug');
    },
  });
  const history = bench.cluster.server.history('widgets');
  history.put(widget('a'));
  bench.reflector.start();
  assert.equal(await bench.reflector.synced, true);
  history.put(widget('b'));
  await bench.converged();
  assert.equal(bench.reflector.figures.handlerFailures, 2);
  assert.ok(isKubeError(bench.errors[0], 'handlerFailed'));
});

test('an object that cannot be transformed keeps its former state, through events and lists', async () => {
  await using bench = await setUp({
    transform(object) {
      if ((object['spec'] as { bad?: boolean }).bad) throw new Error('bad');
      return object;
    },
  });
  const { server } = bench.cluster;
  const history = server.history('widgets');
  const good = history.put(widget('a', { size: 1 }));
  bench.reflector.start();
  await drive(bench.clock, () => server.watches.size === 1);
  history.put(widget('a', { bad: true }));
  await drive(bench.clock, () => bench.errors.length === 1);
  history.compact();
  server.behave = first(isWatch, { do: 'status', code: 410 });
  for (const watch of server.watches) watch.reset();
  await drive(bench.clock, () => bench.reflector.figures.relists === 1);
  assert.deepEqual(bench.reflector.store.get('acme/a'), good);
});

test('started twice it watches once; stopped it asks nothing more and leaves no timer behind', async () => {
  await using bench = await setUp();
  const { server } = bench.cluster;
  bench.reflector.start();
  bench.reflector.start();
  await drive(bench.clock, () => server.watches.size === 1);
  assert.equal(server.requests.length, 2);
  await bench.reflector.stop();
  await bench.reflector.stop();
  bench.reflector.start();
  await drive(bench.clock, () => server.watches.size === 0);
  assert.equal(server.requests.length, 2);
  assert.equal(bench.clock.timers, 0);
  assert.deepEqual(bench.errors, []);
});

test('stopped before the first list: synced is false, and a wait is cut short', async () => {
  await using bench = await setUp();
  bench.cluster.server.behave = () => ({ do: 'status', code: 500 });
  bench.reflector.start();
  await drive(
    bench.clock,
    () => bench.errors.length === 1 && bench.clock.timers === 1,
    () => 0,
  );
  await bench.reflector.stop();
  assert.equal(await bench.reflector.synced, false);
  assert.equal(bench.clock.timers, 0);
});

test('a large list lets the event loop turn every 5 ms', async () => {
  // Each look at the clock takes a tenth of a millisecond, so 2,000 objects take a while.
  await using bench = await setUp({ clock: createManualClock(0.1) });
  const history = bench.cluster.server.history('widgets');
  for (let n = 0; n < 2000; n++) history.put(widget(`w${n}`));
  let turns = 0;
  let running = true;
  bench.reflector.start();
  const counting = (async () => {
    let before = bench.changes.length;
    while (running) {
      await setImmediate();
      if (bench.changes.length > before && bench.changes.length < 2000) turns++;
      before = bench.changes.length;
    }
  })();
  await bench.reflector.synced;
  running = false;
  await counting;
  assert.ok(turns >= 20, `${turns} turns`);
});

test('figures tell how long ago something came', async () => {
  await using bench = await setUp();
  assert.equal(bench.reflector.figures.lastEventAgeMs, undefined);
  bench.reflector.start();
  await bench.reflector.synced;
  bench.clock.advance(1234);
  assert.equal(bench.reflector.figures.lastEventAgeMs, 1234);
});
