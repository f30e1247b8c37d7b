import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import { streamCodes } from '../../crds/errors/stream.ts';
import type { Route } from '../../crds/routing-table.ts';
import { applyDelta } from '../../crds/table-delta.ts';
import { createManualClock, drive } from '../kube/testing/manual-clock.ts';
import { Distributor, type DistributorOptions } from './distributor.ts';
import { RawWorker } from './testing/raw-worker.ts';
import { TestSource } from './testing/source.ts';
import { callflowOf, numbersTable, tableOf } from './testing/tables.ts';

const open: Distributor[] = [];
const sockets: RawWorker[] = [];
afterEach(async () => {
  for (const worker of sockets.splice(0)) worker.socket.terminate();
  for (const distributor of open.splice(0)) await distributor.close();
});

async function stand(options: Partial<DistributorOptions> = {}) {
  const clock = createManualClock();
  const source = (options.source as TestSource | undefined) ?? new TestSource();
  const faults: Fault[] = [];
  const distributor = new Distributor({
    source,
    host: '127.0.0.1',
    port: 0,
    tls: undefined,
    authenticate: async (token) =>
      token.startsWith('token') ? { worker: token.split(':')[1] } : fault(streamCodes.unauthorized, 'not one of ours'),
    clock,
    onChange: () => {},
    onFault: (one) => faults.push(one),
    ...options,
  });
  open.push(distributor);
  const { port } = await distributor.serve();
  const until = (done: () => boolean) => drive(clock, done, () => -1);
  const publish = (...args: Parameters<TestSource['set']>) => {
    source.set(...args);
    clock.advance(30);
  };
  /** Connects; with a name also says hello and that it is ready. */
  const join = async (name?: string, hello: Parameters<RawWorker['hello']>[0] = {}) => {
    const worker = new RawWorker(port, name === undefined ? 'token' : `token:${name}`);
    sockets.push(worker);
    await until(() => worker.isOpen);
    if (name === undefined) return worker;
    worker.hello({ worker: name, ...hello });
    worker.state();
    await until(() => distributor.workers.some((one) => one.name === name && one.ready));
    return worker;
  };
  const offered = (worker: RawWorker, serial: number) =>
    until(() => worker.messages.some((one) => one.type !== 'heartbeat' && 'serial' in one && one.serial === serial));
  /** Has the worker take the present table. */
  const take = async (worker: RawWorker) => {
    await offered(worker, distributor.release!.serial);
    await until(() => worker.pieces.length >= worker.of('snapshot').reduce((sum, one) => sum + one.pieces, 0));
    worker.ack();
    await until(() => distributor.workers.some((one) => one.version === distributor.release!.table.version));
  };
  return { clock, source, faults, distributor, port, until, publish, join, offered, take };
}

const released = (distributor: Distributor) => distributor.release?.table;

describe('a table', () => {
  it('is published only when everything has been listed', async () => {
    const source = new TestSource();
    source.synced = false;
    const { clock, distributor, publish, join, until } = await stand({ source });
    publish(numbersTable(3));
    const worker = await join('a');
    assert.equal(released(distributor), undefined);
    await until(() => worker.of('heartbeat').length === 1);
    assert.equal(worker.of('heartbeat')[0]?.version, null);
    source.sync();
    clock.advance(30);
    await until(() => worker.of('snapshot').length === 1);
    assert.equal(released(distributor)?.version, numbersTable(3).version);
  });

  it('goes whole to a worker that has none, with its secret values beside it', async () => {
    const { publish, join, until } = await stand();
    publish(numbersTable(1000), { secrets: new Map([['acme/app/key', 'hush']]) });
    const worker = await join('a');
    await until(() => worker.of('secrets').length === 1);
    assert.deepEqual(worker.table(), numbersTable(1000));
    assert.deepEqual(worker.of('secrets')[0]?.values, [['acme/app/key', 'hush']]);
  });

  it('that changed goes as what has changed, once the one before was acknowledged', async () => {
    const { publish, join, take, offered, until, distributor } = await stand();
    publish(numbersTable(100));
    const worker = await join('a');
    await offered(worker, 1);
    publish(numbersTable(100, [1]));
    publish(numbersTable(100, [1, 2]));
    assert.equal(worker.of('delta').length, 0);
    worker.ack();
    await until(() => worker.of('delta').length === 1);
    const [delta] = worker.of('delta');
    assert.equal(delta?.table.callflows.set.length, 2, 'both changes in one');
    const applied = applyDelta(numbersTable(100), delta!.table);
    assert.ok(applied.ok && applied.table.version === numbersTable(100, [1, 2]).version);
    await take(worker);
    assert.equal(distributor.progress.kind, 'gathering');
  });

  it('is not sent to a worker that has it, and a worker that is a little behind gets the difference', async () => {
    const { publish, join, take, until, distributor } = await stand();
    publish(numbersTable(50));
    const first = await join('a');
    await take(first);
    const { version, secrets } = first.of('snapshot')[0]!;
    const again = await join('b', { version, secrets });
    await until(() => again.of('heartbeat').length === 1);
    assert.deepEqual(
      distributor.workers.map((one) => one.version),
      [version, version],
    );
    publish(numbersTable(50, [3]));
    const behind = await join('c', { version, secrets });
    await until(() => behind.of('delta').length === 1 && again.of('delta').length === 1);
    assert.equal(again.of('snapshot').length + behind.of('snapshot').length, 0);
  });

  it('whose secret values alone have changed goes out too', async () => {
    const { publish, join, take, until } = await stand();
    const table = numbersTable(5);
    publish(table, {
      secrets: new Map([
        ['acme/app/key', 'old'],
        ['acme/app/same', 'same'],
      ]),
    });
    const worker = await join('a');
    await until(() => worker.of('secrets').length === 1);
    await take(worker);
    publish(table, {
      secrets: new Map([
        ['acme/app/key', 'new'],
        ['acme/app/same', 'same'],
      ]),
    });
    await until(() => worker.of('delta').length === 1);
    assert.deepEqual(worker.of('delta')[0]?.secrets.set, [['acme/app/key', 'new']]);
    assert.equal(worker.of('delta')[0]?.table.to, table.version);
  });

  it('is compiled once for changes that come together, at the latest after 250 ms', async () => {
    const { clock, source, distributor } = await stand();
    clock.advance(30);
    const before = source.asked;
    for (let change = 1; change <= 12; change++) {
      source.set(numbersTable(change));
      clock.advance(20);
    }
    assert.equal(source.asked, before, 'not while they keep coming');
    source.set(numbersTable(20));
    clock.advance(10);
    assert.equal(source.asked, before + 1, 'but not for ever');
    assert.equal(released(distributor)?.routes.length, 20);
  });
});

describe('a table that drops most numbers', () => {
  it('is not published, unless it is marked', async () => {
    const { distributor, publish, faults } = await stand({ previous: numbersTable(100) });
    publish(numbersTable(10));
    assert.equal(released(distributor), undefined);
    assert.equal(distributor.refusal?.code, 'PV-2107');
    assert.deepEqual(
      faults.map((one) => one.code),
      ['PV-2107'],
    );
    publish(numbersTable(100, [1]));
    assert.equal(distributor.refusal, undefined);
    publish(numbersTable(10));
    assert.equal(released(distributor)?.routes.length, 100);
    publish(numbersTable(10), { allowShrink: true });
    assert.equal(released(distributor)?.routes.length, 10);
  });

  it('may be taken by a worker only if it is known that nothing is missing', async () => {
    const fresh = await stand();
    fresh.publish(numbersTable(3));
    const worker = await fresh.join('a');
    await fresh.offered(worker, 1);
    assert.equal(worker.of('snapshot')[0]?.allowShrink, false);
    worker.nack({ reason: 'shrink', code: 'PV-2107' });
    await fresh.until(() => fresh.distributor.workers[0]?.message?.startsWith('PV-2107') === true);
    fresh.publish(numbersTable(3), { allowShrink: true });
    await fresh.until(() => worker.of('snapshot').length === 2);
    assert.equal(worker.of('snapshot')[1]?.allowShrink, true);

    const heir = await stand({ previous: numbersTable(3) });
    heir.publish(numbersTable(3, [1]));
    const other = await heir.join('a');
    await heir.offered(other, 1);
    assert.equal(other.of('snapshot')[0]?.allowShrink, true);
  });
});

describe('a callflow that a worker refuses', () => {
  const BAD: Route = { kind: 'pattern', account: 'acme', pattern: '(', callflow: 'acme/menu' };
  const GOOD: Route = { kind: 'extension', account: 'acme', number: '1', callflow: 'acme/menu' };
  const rest = callflowOf('acme/rest');
  const before = tableOf([callflowOf('acme/menu'), rest], [GOOD]);
  const bad = tableOf([callflowOf('acme/menu', 2), rest], [BAD]);
  const objects = [{ key: 'acme/menu', code: 'PV-2106', message: 'does not compile' }] as const;

  it('stays as it was, and all else goes on', async () => {
    const { clock, publish, join, take, until, distributor } = await stand();
    publish(before);
    const worker = await join('a');
    await take(worker);
    publish(bad);
    await until(() => worker.of('delta').length === 1);
    worker.nack({ reason: 'objects', objects });
    await until(() => distributor.rejections.size === 1);
    clock.advance(30);
    assert.equal(distributor.release?.table.version, before.version);
    await until(() => worker.of('delta').length === 2);
    assert.equal(
      worker.of('delta')[1]?.table.from,
      before.version,
      'from what the worker has, not from what it refused',
    );
    await take(worker);
    clock.advance(3000);
    const programmed = distributor.programmed('acme/menu', 2);
    assert.ok(programmed.kind === 'known');
    assert.equal(programmed.condition.reason, 'Rejected');
    assert.match(programmed.condition.message, /^PV-2106 does not compile \(worker a\)\. Generation 1 stays in use$/);
    publish(tableOf([callflowOf('acme/menu', 3), rest], [GOOD]));
    assert.equal(distributor.rejections.size, 0, 'a change is tried anew');
  });

  it('is left out if it was never any good', async () => {
    const { clock, publish, join, offered, until, distributor } = await stand();
    publish(bad);
    const worker = await join('a');
    await offered(worker, 1);
    worker.nack({ reason: 'objects', objects });
    await until(() => distributor.rejections.size === 1);
    clock.advance(30);
    assert.deepEqual(Object.keys(distributor.release!.table.callflows), ['acme/rest']);
    await offered(worker, 2);
  });

  it('is not taken from those who use it because a newcomer cannot', async () => {
    const { publish, join, take, offered, until, distributor } = await stand();
    publish(before);
    await take(await join('a'));
    const newcomer = await join('b');
    await offered(newcomer, 1);
    newcomer.nack({ reason: 'objects', objects });
    await until(() => distributor.figures.nacks === 1);
    assert.equal(distributor.rejections.size, 0);
    assert.match(distributor.workers.find((one) => one.name === 'b')?.message ?? '', /^PV-2106/);
  });

  it('is tried again when those who refused it are gone', async () => {
    const { clock, publish, join, offered, until, distributor } = await stand();
    publish(bad);
    const worker = await join('a');
    await offered(worker, 1);
    worker.nack({ reason: 'objects', objects });
    await until(() => distributor.rejections.size === 1);
    worker.socket.terminate();
    await until(() => distributor.workers.length === 0);
    clock.advance(62_000);
    assert.equal(distributor.rejections.size, 0);
    assert.equal(distributor.release?.table.version, bad.version);
  });
});

describe('Programmed', () => {
  it('comes when every ready worker has acknowledged, and not before', async () => {
    const { clock, publish, join, offered, take, until, distributor } = await stand();
    const reason = () => {
      const programmed = distributor.programmed('acme/flow-000001', 2);
      return programmed.kind === 'known' ? programmed.condition.reason : programmed.waitingFor;
    };
    publish(numbersTable(5, [1]));
    clock.advance(3000);
    assert.equal(reason(), 'NoWorkers');
    const [a, b, c] = [await join('a'), await join('b'), await join('c')];
    b.state({ draining: true });
    await until(() => distributor.workers.some((one) => one.draining));
    await take(a);
    assert.deepEqual(reason(), ['c']);
    await offered(c, 1);
    c.ack();
    await until(() => reason() === 'Programmed');
    const other = distributor.programmed('acme/flow-000001', 3);
    assert.ok(other.kind === 'known' && other.condition.reason === 'NotInTable');
  });

  it('waits, after a change of leader, for workers that are on their way', async () => {
    const { clock, publish, join, take, distributor } = await stand();
    publish(numbersTable(5));
    await take(await join('a'));
    assert.equal(distributor.programmed('acme/flow-000001', 1).kind, 'pending');
    clock.advance(3000);
    assert.equal(distributor.programmed('acme/flow-000001', 1).kind, 'known');
  });
});

describe('a worker', () => {
  it('that says nothing for 12 s counts as gone', async () => {
    const { clock, publish, join, take, until, distributor, faults } = await stand();
    publish(numbersTable(2));
    const silent = await join('silent');
    const alive = await join('alive');
    for (const worker of [silent, alive]) await take(worker);
    await until(() => distributor.workers.every((one) => one.version !== undefined));
    clock.advance(8_000);
    alive.state({ activeCalls: 1 });
    await until(() => distributor.workers.some((one) => one.activeCalls === 1));
    clock.advance(5_000);
    assert.deepEqual(
      distributor.workers.map((one) => one.name),
      ['alive'],
    );
    assert.deepEqual(
      faults.map((one) => one.code),
      ['PV-2110'],
    );
    await until(() => silent.closed !== undefined);
    assert.ok(alive.of('heartbeat').length >= 1);
  });

  it('that does not take a table is dropped', async () => {
    const { clock, publish, join, offered, until, distributor, faults } = await stand();
    publish(numbersTable(2));
    const slow = await join('slow');
    await offered(slow, 1);
    for (let second = 0; second < 30; second += 5) {
      slow.state({ activeCalls: second });
      await until(() => distributor.workers[0]?.activeCalls === second);
      clock.advance(5_000);
    }
    clock.advance(1000);
    assert.equal(distributor.workers.length, 0);
    assert.deepEqual(
      faults.map((one) => one.code),
      ['PV-2111'],
    );
  });

  it('that connects anew takes the place of its old connection', async () => {
    const { join, until, distributor } = await stand();
    const old = await join('a', { epoch: '1' });
    const again = await join('a', { epoch: '2' });
    await until(() => old.closed !== undefined && distributor.workers.length === 1);
    assert.equal(old.closed, 4000);
    assert.equal(distributor.workers[0]?.epoch, '2');
    assert.ok(again.isOpen);
  });

  it('whose table is not what was thought gets the whole', async () => {
    const { publish, join, take, until } = await stand();
    publish(numbersTable(20));
    const worker = await join('a');
    await take(worker);
    publish(numbersTable(20, [1]));
    await until(() => worker.of('delta').length === 1);
    worker.nack({ reason: 'mismatch', code: 'PV-2105' });
    await until(() => worker.of('snapshot').length === 2 && worker.pieces.length === 2);
    assert.equal(worker.table().version, numbersTable(20, [1]).version);
  });

  it('is told to look elsewhere when this operator no longer leads', async () => {
    const { join, until, distributor, port } = await stand();
    const worker = await join('a');
    await distributor.stopServing();
    await until(() => worker.closed !== undefined);
    assert.equal(worker.closed, 1001);
    const late = new RawWorker(port);
    await until(() => late.closed !== undefined);
    assert.equal(distributor.workers.length, 0);
  });
});

describe('a connection is refused', () => {
  const cases: readonly [what: string, args: ConstructorParameters<typeof RawWorker>, status: number, code: string][] =
    [
      ['without a token', [0, ''], 401, 'PV-2102'],
      ['with a token that is not ours', [0, 'other'], 401, 'PV-2102'],
      ['with another protocol', [0, 'token', { protocol: 'pivot.table.v9' }], 400, 'PV-2104'],
      ['at another path', [0, 'token', { path: '/' }], 400, 'PV-2103'],
      ['from a web page', [0, 'token', { origin: 'https://evil.example' }], 400, 'PV-2103'],
    ];
  for (const [what, [, ...args], status, code] of cases) {
    it(what, async () => {
      const { port, until, distributor } = await stand();
      const worker = new RawWorker(port, ...args);
      await until(() => worker.refusal !== undefined);
      assert.equal(worker.refusal?.status, status);
      assert.equal(JSON.parse(worker.refusal.body).code, code);
      assert.equal(distributor.figures.refused, 1);
    });
  }

  it('when too many are there', async () => {
    const { port, until, join } = await stand({ maxWorkers: 1 });
    await join('a');
    const worker = new RawWorker(port);
    await until(() => worker.refusal !== undefined);
    assert.deepEqual([worker.refusal?.status, JSON.parse(worker.refusal!.body).code], [503, 'PV-2113']);
  });

  it('when the token cannot be checked, or not in time', async () => {
    const broken = await stand({ authenticate: () => Promise.reject(new Error('API server gone')) });
    const worker = new RawWorker(broken.port);
    await broken.until(() => worker.refusal !== undefined);
    assert.deepEqual([worker.refusal?.status, JSON.parse(worker.refusal!.body).code], [503, 'PV-2114']);

    let asked = false;
    const hanging = await stand({
      authenticate: () => {
        asked = true;
        return new Promise(() => {});
      },
    });
    const patient = new RawWorker(hanging.port);
    await hanging.until(() => asked);
    hanging.clock.advance(10_000);
    await hanging.until(() => patient.refusal !== undefined);
    assert.equal(patient.refusal?.status, 503);
  });

  it('when it is no HTTP at all', async () => {
    const { port, until, join } = await stand();
    const socket = connect(port, '127.0.0.1', () => socket.write('\x00\x01GARBAGE\r\n\r\n'));
    let ended = false;
    socket.on('error', () => {});
    socket.on('close', () => {
      ended = true;
    });
    socket.resume();
    await until(() => ended);
    await join('a');
  });
});

describe('a connection is cut', () => {
  const hello = {
    type: 'hello',
    worker: 'a',
    node: 'n',
    epoch: 'e',
    build: '0',
    capacity: 1,
    version: null,
    secrets: null,
  };
  const cases: readonly [what: string, messages: readonly (string | Buffer)[]][] = [
    ['for what is not JSON', ['{']],
    ['for an ack before hello', ['{"type":"ack","serial":1,"version":"0123456789abcdef"}']],
    ['for a second hello', [JSON.stringify(hello), JSON.stringify(hello)]],
    ['for a binary message', [Buffer.from([1, 2, 3])]],
    ['for a message that is too long', ['x'.repeat(100_000)]],
    ['for too many messages', [JSON.stringify(hello), ...Array<string>(600).fill('{"type":"weather"}')]],
  ];
  for (const [what, messages] of cases) {
    it(what, async () => {
      const { join, until, faults, distributor } = await stand();
      const worker = await join();
      for (const message of messages) worker.socket.send(message);
      await until(() => worker.closed !== undefined);
      assert.deepEqual(
        faults.map((one) => one.code),
        ['PV-2103'],
      );
      assert.equal(distributor.workers.length, 0);
      assert.equal(distributor.figures.dropped, 1);
    });
  }
});
