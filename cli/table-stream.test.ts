import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { type Fault, fault } from '../crds/errors/fault.ts';
import { streamCodes } from '../crds/errors/stream.ts';
import type { Route, SecretValues } from '../crds/routing-table.ts';
import type { WorkerState } from '../crds/stream.ts';
import type { Router } from '../media-worker/routing/router.ts';
import { TableClient, type TableClientOptions } from '../media-worker/routing/table-client/table-client.ts';
import { Distributor, type DistributorOptions } from '../operator/distributor/distributor.ts';
import { snapshotShards } from '../operator/distributor/snapshot-secret.ts';
import { TestSource } from '../operator/distributor/testing/source.ts';
import { callflowOf, numbersTable, tableOf } from '../operator/distributor/testing/tables.ts';
import { createManualClock, drive } from '../operator/kube/testing/manual-clock.ts';
import { createLogger } from '../runtime/log.ts';

/** Both ends of the table stream together, over real sockets; time stands still but for what a test lets pass. */

const tls = (name: string) => readFileSync(new URL(`../operator/kube/testing/tls/${name}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'pivot-stream-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const TOKEN = 'token-of-a-worker';
/** How much faster time passes than it does. */
const HASTE = 50;
/** When a test has failed rather than not ended yet. Milliseconds of real time. */
const STUCK_MS = 20_000;

function world() {
  const clock = createManualClock();
  /** Lets sockets have their turn; no time passes. */
  const until = (done: () => boolean) => drive(clock, done, () => -1);
  /** Lets time pass too, but not so fast that sockets, which know only real time, could miss a deadline. */
  const soon = async (done: () => boolean) => {
    const begun = performance.now();
    let last = begun;
    let allowance = 0;
    while (!done()) {
      if (performance.now() - begun > STUCK_MS) throw new Error(`not done within ${STUCK_MS} ms: ${done}`);
      await setImmediate();
      const now = performance.now();
      // A turn that took long, on a busy machine, counts as a short one.
      allowance += Math.min(now - last, 2) * HASTE;
      last = now;
      const next = clock.nextIn;
      if (next === undefined || next > allowance || done()) continue;
      clock.advance(next);
      allowance -= next;
    }
  };

  async function operator(source: TestSource, options: Partial<DistributorOptions> = {}) {
    const faults: Fault[] = [];
    const distributor = new Distributor({
      source,
      host: '127.0.0.1',
      port: 0,
      tls: { cert: tls('server.pem'), key: tls('server.key') },
      authenticate: async (token) =>
        token === TOKEN ? { worker: undefined } : fault(streamCodes.unauthorized, 'not one of ours'),
      clock,
      onChange: () => {},
      onFault: (one) => faults.push(one),
      ...options,
    });
    endings.push(() => distributor.close());
    clock.advance(30);
    const { port } = await distributor.serve();
    return { distributor, faults, port };
  }

  function worker(port: number, options: Partial<TableClientOptions> = {}) {
    const state: { -readonly [K in keyof WorkerState]: WorkerState[K] } = {
      ready: false,
      draining: false,
      activeCalls: 0,
      reasons: ['no table'],
    };
    const lines: string[] = [];
    const used: { router: Router; secrets: SecretValues }[] = [];
    const client = new TableClient({
      url: `wss://127.0.0.1:${port}/v1/table`,
      credentials: async () => ({ token: TOKEN, ca: tls('ca.pem') }),
      self: { worker: 'worker-0', node: 'node-0', epoch: '1', build: '0', capacity: 100 },
      use: (router, secrets) => {
        used.push({ router, secrets });
        state.ready = true;
        state.reasons = [];
      },
      state: () => state,
      log: createLogger({ level: 'info', destination: { write: (line) => lines.push(line) } }),
      clock,
      random: Math.random,
      ...options,
    });
    endings.push(() => client.stop());
    client.start();
    return { client, state, lines, used, numbers: () => used.at(-1)?.router.numberCount };
  }

  return { clock, until, soon, operator, worker };
}

function sourceOf(count: number): TestSource {
  const source = new TestSource();
  source.set(numbersTable(count));
  return source;
}

/** Between worker and operator: can fall silent without closing anything, and can cut. */
async function relay(target: () => number) {
  const pairs = new Set<[Socket, Socket]>();
  const shared = { silent: false, connections: 0 };
  const server: Server = createServer((near) => {
    const far = connect(target(), '127.0.0.1');
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    shared.connections++;
    for (const [from, to] of [pair, [far, near] as const]) {
      from.on('data', (data: Buffer) => {
        if (!shared.silent) to.write(data);
      });
      from.on('error', () => to.destroy());
      from.on('close', () => {
        pairs.delete(pair);
        if (!shared.silent) to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
  };
  endings.push(async () => {
    cut();
    server.close();
  });
  return { port: (server.address() as { port: number }).port, shared, cut };
}

describe('a table on its way from the operator to a worker', () => {
  it('arrives over TLS, is used, acknowledged and Programmed; so is a change', async () => {
    const { clock, soon, operator, worker } = world();
    const source = sourceOf(500);
    const { distributor, port } = await operator(source);
    const { used, numbers, client } = worker(port);
    await soon(() => distributor.progress.kind === 'acked');
    assert.equal(numbers(), 500);
    assert.equal(client.version, distributor.release?.table.version);
    source.set(numbersTable(501, [7]), { secrets: new Map([['acme/app/key', 'new']]) });
    await soon(() => numbers() === 501);
    assert.equal(used.at(-1)?.secrets.get('acme/app/key'), 'new');
    clock.advance(3000);
    await soon(() => distributor.programmed('acme/flow-000007', 2).kind === 'known');
    assert.equal(client.figures.snapshots + client.figures.deltas, 2);
  });

  it('does not arrive from a server that nobody vouches for', async () => {
    const { soon, operator, worker } = world();
    const { distributor, port } = await operator(sourceOf(5));
    const { lines, numbers } = worker(port, { credentials: async () => ({ token: TOKEN, ca: tls('other-ca.pem') }) });
    await soon(() => lines.length > 0);
    assert.match(lines[0]!, /PV-2101/);
    assert.equal(numbers(), undefined);
    assert.equal(distributor.figures.refused, 0, 'the token was not even sent');
  });

  it('does not arrive with a wrong token; a new token is used when there is one', async () => {
    const { soon, operator, worker } = world();
    const { distributor, faults, port } = await operator(sourceOf(5));
    let token = 'expired';
    const { lines, numbers } = worker(port, { credentials: async () => ({ token, ca: tls('ca.pem') }) });
    await soon(() => distributor.figures.refused >= 3);
    assert.equal(lines.length, 1, 'said once');
    assert.match(lines[0]!, /PV-2102.*not one of ours/);
    assert.equal(faults[0]?.code, 'PV-2102');
    token = TOKEN;
    await soon(() => numbers() === 5);
    assert.ok(!JSON.stringify([lines, faults]).includes('expired'));
  });

  it('with a pattern that the worker cannot compile comes without that callflow', async () => {
    const { soon, operator, worker } = world();
    const good: Route = { kind: 'extension', account: 'acme', number: '1', callflow: 'acme/menu' };
    const source = new TestSource();
    source.set(tableOf([callflowOf('acme/menu'), callflowOf('acme/rest')], [good]));
    const { distributor, port } = await operator(source);
    const { used, client } = worker(port);
    await soon(() => distributor.workers[0]?.ready === true && distributor.progress.kind === 'acked');
    const bad: Route = { kind: 'pattern', account: 'acme', pattern: '(', callflow: 'acme/menu' };
    source.set(tableOf([callflowOf('acme/menu', 2), callflowOf('acme/rest', 2)], [bad]));
    await soon(() => used.at(-1)?.router.table.callflows['acme/rest']?.generation === 2);
    assert.ok(used.at(-1)?.router.resolve({ number: '1', account: 'acme' }).ok, 'it is reached as before');
    assert.equal(client.figures.refusals, 1);
    await soon(() => {
      const rest = distributor.programmed('acme/rest', 2);
      return rest.kind === 'known' && rest.condition.status === 'True';
    });
    const menu = distributor.programmed('acme/menu', 2);
    assert.ok(menu.kind === 'known' && menu.condition.reason === 'Rejected');
    assert.match(menu.condition.message, /the pattern \( does not compile.*Generation 1 stays in use/);
  });

  it('that an operator without a memory has made of half its resources is refused, and taken once it is marked', async () => {
    const { soon, operator, worker } = world();
    const source = sourceOf(100);
    let serving = await operator(source);
    const through = await relay(() => serving.port);
    const { numbers, client } = worker(through.port);
    await soon(() => numbers() === 100);
    await serving.distributor.close();
    const half = sourceOf(10);
    serving = await operator(half);
    await soon(() => serving.distributor.workers[0]?.message?.startsWith('PV-2107') === true);
    assert.equal(numbers(), 100);
    half.set(numbersTable(10), { allowShrink: true });
    await soon(() => numbers() === 10);
    assert.equal(client.figures.refusals, 1);
  });
});

describe('a worker whose operator is gone', () => {
  it('keeps its table, comes back by itself and is sent only what has changed', async () => {
    const { soon, operator, worker } = world();
    const source = sourceOf(50);
    const { distributor, port } = await operator(source);
    const { port: through, cut } = await relay(() => port);
    const { client, numbers } = worker(through);
    await soon(() => numbers() === 50 && distributor.workers[0]?.ready === true);
    cut();
    await soon(() => distributor.workers.length === 0 && !client.connected);
    assert.equal(client.version, numbersTable(50).version);
    source.set(numbersTable(51));
    await soon(() => numbers() === 51);
    assert.deepEqual([client.figures.snapshots, client.figures.deltas, client.figures.connects], [1, 1, 2]);
  });

  it('goes over to the next leader, which sends nothing if the table is the same', async () => {
    const { soon, operator, worker } = world();
    const source = sourceOf(50);
    let serving = await operator(source);
    const through = await relay(() => serving.port);
    const { client, used, numbers } = worker(through.port);
    await soon(() => numbers() === 50);
    await serving.distributor.stopServing();
    serving = await operator(source);
    await soon(() => serving.distributor.progress.kind === 'acked');
    assert.equal(used.length, 1);
    assert.deepEqual([client.figures.snapshots, client.figures.connects], [1, 2]);
  });

  it('notices a connection that is dead without having been closed; so does the operator', async () => {
    const { clock, until, soon, operator, worker } = world();
    const { distributor, port, faults } = await operator(sourceOf(5));
    const through = await relay(() => port);
    const { client } = worker(through.port);
    await soon(() => distributor.workers[0]?.ready === true);
    through.shared.silent = true;
    clock.advance(31_000);
    await until(() => !client.connected && distributor.workers.length === 0);
    assert.deepEqual(
      faults.map((one) => one.code),
      ['PV-2110'],
    );
    through.shared.silent = false;
    await soon(() => client.connected && distributor.workers[0]?.ready === true);
  });

  it('gives up a connection that nobody answers, and tries again', async () => {
    const { clock, until, soon, operator, worker } = world();
    const { port } = await operator(sourceOf(5));
    const through = await relay(() => port);
    through.shared.silent = true;
    const { lines, numbers } = worker(through.port);
    await until(() => through.shared.connections === 1);
    clock.advance(5_000);
    await until(() => lines.length > 0);
    assert.match(lines[0]!, /no connection within 5 s/);
    through.shared.silent = false;
    await soon(() => numbers() === 5);
  });

  it('waits longer after each failure, up to 1.5 s', async () => {
    const { clock, until, worker } = world();
    const closed = await relay(() => 9);
    const attempts: number[] = [];
    let seen = 0;
    worker(closed.port, { random: () => 0.5, timing: { storedAfterMs: 600_000 } });
    for (let attempt = 0; attempt < 8; attempt++) {
      await drive(
        clock,
        () => closed.shared.connections > seen,
        () => 4_999,
      );
      seen = closed.shared.connections;
      attempts.push(clock.monotonic());
    }
    await until(() => true);
    const waits = attempts.slice(1).map((at, index) => Math.round(at - attempts[index]!));
    assert.deepEqual(waits, [375, 750, 1125, 1125, 1125, 1125, 1125]);
  });
});

describe('a worker that starts', () => {
  const file = join(folder, 'table.gz');
  const noOperator = 9;

  it('without an operator uses the copy on its disk, in which there is no secret value', async () => {
    rmSync(file, { force: true });
    const first = world();
    const source = sourceOf(0);
    source.set(numbersTable(30), { secrets: new Map([['acme/app/key', 'hush-hush']]) });
    const { port, distributor } = await first.operator(source);
    const before = first.worker(port, { file });
    await first.soon(() => before.numbers() === 30);
    await before.client.stop();
    assert.ok(!readFileSync(file).includes('hush'));

    const second = world();
    const alone = second.worker(noOperator, { file });
    await second.soon(() => alone.numbers() === 30);
    assert.equal(alone.client.origin, 'file');
    assert.equal(alone.used[0]?.secrets.size, 0);

    // With the operator there, only the secret values are sent.
    const third = first.worker(port, { file, self: { worker: 'w2', node: 'n', epoch: '2', build: '0', capacity: 1 } });
    await first.until(() => third.client.origin === 'stream');
    assert.equal(third.used.length, 1, 'the copy was not used in between');
    assert.equal(third.used[0]?.secrets.get('acme/app/key'), 'hush-hush');
    assert.ok(distributor.workers.some((one) => one.name === 'w2' && one.version === numbersTable(30).version));
  });

  it('with a damaged copy says so and goes on to the mounted snapshot', async () => {
    const { soon, worker } = world();
    writeFileSync(file, readFileSync(file).subarray(0, 100));
    const mount = mkdtempSync(join(folder, 'mount-'));
    const made = await snapshotShards(numbersTable(20), new WeakMap(), { bytes: 300, shards: 50 });
    assert.ok(made.ok && made.shards.length > 1);
    for (const { data } of made.shards)
      for (const [name, bytes] of Object.entries(data)) writeFileSync(join(mount, name), bytes);
    const { client, numbers, lines } = worker(noOperator, { file, snapshotFolder: mount });
    await soon(() => numbers() === 20);
    assert.equal(client.origin, 'snapshot');
    assert.match(lines.join(''), /PV-2108/);
    await client.stop();
    const again = world();
    const restarted = again.worker(noOperator, { file });
    await again.soon(() => restarted.numbers() === 20);
    assert.equal(restarted.client.origin, 'file');
  });

  it('while the operator has not seen everything yet waits 5 s, then uses what is stored', async () => {
    const { clock, until, soon, operator, worker } = world();
    const source = sourceOf(40);
    source.synced = false;
    const { port } = await operator(source);
    const { client, numbers } = worker(port, { file });
    await until(() => client.connected);
    assert.equal(numbers(), undefined);
    clock.advance(5_000);
    assert.equal(numbers(), 20);
    source.sync();
    await soon(() => numbers() === 40);
  });

  it('with nothing stored and no operator has no table and goes on trying', async () => {
    const { soon, operator, worker } = world();
    let port = noOperator;
    const through = await relay(() => port);
    const { client, numbers } = worker(through.port, {
      file: join(folder, 'none.gz'),
      snapshotFolder: join(folder, 'nowhere'),
    });
    await soon(() => through.shared.connections > 3);
    assert.equal(client.origin, 'none');
    port = (await operator(sourceOf(3))).port;
    await soon(() => numbers() === 3);
  });
});

describe('the state of a worker', () => {
  it('is reported when it changes, and every 4 s', async () => {
    const { clock, until, soon, operator, worker } = world();
    const { distributor, port } = await operator(sourceOf(3));
    const { client, state } = worker(port);
    const view = () => distributor.workers[0];
    await soon(() => view()?.ready === true);
    state.activeCalls = 7;
    await soon(() => view()?.activeCalls === 7);
    state.draining = true;
    state.ready = false;
    state.reasons = ['draining'];
    client.stateChanged();
    await until(() => view()?.draining === true);
    assert.equal(view()?.message, 'draining');
    for (let pass = 0; pass < 8; pass++) {
      clock.advance(4_000);
      await until(() => (view()?.silentMs ?? Number.POSITIVE_INFINITY) === 0);
    }
    assert.ok(client.connected, 'heartbeats and states keep the connection');
    assert.equal(client.figures.connects, 1);
  });
});
