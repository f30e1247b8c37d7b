import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fault, PivotError } from '../../crds/errors/fault.ts';
import { storeCodes } from '../../crds/errors/store.ts';
import { createMemoryStore } from '../shared-store/memory.ts';
import type { SharedStore } from '../shared-store/store.ts';
import { CallSpan } from '../telemetry/span.ts';
import { ScriptedCall } from '../twiml/testing/scripted-call.ts';
import { createQueues, MOST_QUEUED, type Queues, type Taken, type Ticket } from './queues.ts';
import { ownQueues } from './testing/own-queues.ts';

function caller(): ScriptedCall {
  return new ScriptedCall(CallSpan.none());
}
const never = new AbortController().signal;

async function enter(queues: Queues, call = caller(), account = 'acme', name = 'q'): Promise<Ticket> {
  const ticket = await queues.enter(account, name, call);
  assert.ok(ticket !== undefined);
  return ticket;
}

async function here(taken: Taken | Promise<Taken>): Promise<ScriptedCall> {
  const one = await taken;
  assert.ok(one.where === 'here');
  return one.call as ScriptedCall;
}

async function positions(tickets: readonly Ticket[]): Promise<number[]> {
  return Promise.all(tickets.map(async (ticket) => (await ticket.standing()).position));
}

suite('queues', () => {
  test('first in, first out; places move up', async () => {
    const queues = ownQueues(() => 0);
    const calls = [caller(), caller(), caller()];
    const tickets: Ticket[] = [];
    for (const call of calls) tickets.push(await enter(queues, call));
    assert.deepEqual(await positions(tickets), [1, 2, 3]);
    assert.equal((await tickets[0]!.standing()).size, 3);
    assert.equal(await here(queues.take('acme', 'q', never)), calls[0]);
    assert.equal(tickets[0]!.taken.aborted, true);
    assert.deepEqual(await positions(tickets), [0, 1, 2]);
    tickets[1]!.leave();
    assert.equal(await here(queues.take('acme', 'q', never)), calls[2]);
    assert.equal(queues.waiting, 0);
  });

  test('who asks first is served first', async () => {
    const queues = ownQueues(() => 0);
    const [one, two] = [here(queues.take('acme', 'q', never)), here(queues.take('acme', 'q', never))];
    const calls = [caller(), caller()];
    for (const call of calls) await enter(queues, call);
    assert.deepEqual([await one, await two], calls);
  });

  test('who gives up asking takes nobody away', async () => {
    const queues = ownQueues(() => 0);
    const gone = new AbortController();
    const asked = queues.take('acme', 'q', gone.signal);
    const behind = here(queues.take('acme', 'q', never));
    gone.abort(new Error('gone'));
    await assert.rejects(asked, /gone/);
    const call = caller();
    await enter(queues, call);
    assert.equal(await behind, call);
  });

  test('a caller who has hung up is passed over', async () => {
    const queues = ownQueues(() => 0);
    const [gone, there] = [caller(), caller()];
    for (const call of [gone, there]) await enter(queues, call);
    gone.end({ side: 'caller', cause: 'NORMAL_CLEARING' });
    assert.equal(await here(queues.take('acme', 'q', never)), there);
  });

  test('accounts and names are apart; times are told', async () => {
    let now = 0;
    const queues = ownQueues(() => now);
    const ticket = await enter(queues);
    const other = await enter(queues, caller(), 'other');
    assert.notEqual(ticket.sid, other.sid);
    assert.deepEqual(await positions([other]), [1]);
    now = 4000;
    assert.equal((await queues.take('acme', 'q', never)).waitedMs, 4000);
    const next = await enter(queues);
    assert.equal((await next.standing()).averageMs, 4000);
    assert.equal(next.sid, ticket.sid);
    now = 5000;
    assert.equal(next.waitedMs(), 1000);
  });

  test('a full queue takes no more', async () => {
    const queues = ownQueues(() => 0);
    for (let i = 0; i < MOST_QUEUED; i += 1) await enter(queues);
    assert.equal(await queues.enter('acme', 'q', caller()), undefined);
    assert.equal(queues.waiting, MOST_QUEUED);
  });
});

/** Workers that share a store; those in `gone` have died. */
function cluster(store: SharedStore = createMemoryStore(), now: () => number = () => 0) {
  const gone = new Set<string>();
  const worker = (name: string): Queues =>
    createQueues({
      store,
      worker: name,
      now,
      addressOf: async (other) => (gone.has(other) ? undefined : `${other}.example:5060`),
      ticketFor: async (other, id) => ({ 'X-Ticket': `${other} ${id}` }),
    });
  return { gone, worker };
}

/** What the other worker does with an INVITE. */
function claim(queues: Queues, taken: Taken) {
  assert.ok(taken.where === 'elsewhere');
  return queues.claim(taken.way.headers['X-Ticket']!.split(' ')[1]!);
}

suite('queues of several workers', () => {
  test('are one line: places and the id are the same everywhere, and the first is taken wherever it is', async () => {
    const { worker } = cluster();
    const [one, two, three] = [worker('one'), worker('two'), worker('three')];
    const calls = [caller(), caller(), caller()];
    const tickets = [await enter(one, calls[0]), await enter(two, calls[1]), await enter(one, calls[2])];
    assert.deepEqual(await positions(tickets), [1, 2, 3]);
    assert.equal(new Set(tickets.map(({ sid }) => sid)).size, 1);
    const first = await three.take('acme', 'q', never);
    assert.ok(first.where === 'elsewhere');
    assert.deepEqual([first.way.route, first.sid], ['sip:one.example:5060', tickets[0]!.sid]);
    const claimed = claim(one, first);
    assert.equal(claimed?.call, calls[0]);
    assert.equal(tickets[0]!.taken.aborted, true);
    assert.equal(claim(one, first), undefined, 'it serves once');
    claimed?.done(1500);
    assert.deepEqual(await tickets[0]!.over, { connectedMs: 1500 });
    assert.equal(await here(two.take('acme', 'q', never)), calls[1]);
    assert.deepEqual(await positions(tickets), [0, 0, 1]);
  });

  test('who waits for a caller hears of one who comes elsewhere', async () => {
    const { worker } = cluster();
    const [one, two] = [worker('one'), worker('two')];
    const asked = two.take('acme', 'q', never);
    await enter(one);
    assert.equal((await asked).where, 'elsewhere');
  });

  test('callers of a worker that died are passed over, and nobody stands behind them', async () => {
    const { gone, worker } = cluster();
    const [one, two, three] = [worker('one'), worker('two'), worker('three')];
    await enter(one);
    await enter(one);
    const call = caller();
    const ticket = await enter(two, call);
    assert.deepEqual(await positions([ticket]), [3]);
    gone.add('one');
    assert.deepEqual(await ticket.standing(), { position: 1, size: 1, averageMs: 0 });
    assert.equal(claim(two, await three.take('acme', 'q', never))?.call, call);
  });

  test('one who was taken by a worker that does not come is at the front again', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval', 'setTimeout', 'Date'] });
    const { worker } = cluster(createMemoryStore({ now: Date.now }), Date.now);
    const [one, two] = [worker('one'), worker('two')];
    const tickets = [await enter(one), await enter(one)];
    assert.equal((await two.take('acme', 'q', never)).where, 'elsewhere');
    assert.deepEqual(await positions(tickets), [0, 1]);
    for (let seconds = 0; seconds < 12; seconds += 1) {
      t.mock.timers.tick(1000);
      for (let turns = 0; turns < 50; turns += 1) await Promise.resolve();
    }
    assert.deepEqual(await positions(tickets), [1, 2]);
    assert.equal(tickets[0]!.taken.aborted, false);
  });

  test('without the store each worker serves its own', async () => {
    const memory = createMemoryStore();
    const away = async (): Promise<never> => {
      throw new PivotError(fault(storeCodes.unreachable, 'it is away'));
    };
    const { worker } = cluster({
      ...memory,
      append: away,
      takeFirst: away,
      members: away,
      size: away,
      get: away,
      compareAndSet: away,
      publish: away,
      subscribe: away,
      remove: away,
    });
    const one = worker('one');
    const calls = [caller(), caller()];
    const tickets = [await enter(one, calls[0]), await enter(one, calls[1])];
    assert.deepEqual(await positions(tickets), [1, 2]);
    assert.equal(await here(one.take('acme', 'q', never)), calls[0]);
    tickets[1]!.leave();
    assert.equal(one.waiting, 0);
  });
});
