import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { CallSpan } from '../telemetry/span.ts';
import { ScriptedCall } from '../twiml/testing/scripted-call.ts';
import { createQueues, MOST_QUEUED } from './queues.ts';

function caller(): ScriptedCall {
  return new ScriptedCall(CallSpan.none());
}
const never = new AbortController().signal;

suite('queues', () => {
  test('first in, first out; places move up', async () => {
    const queues = createQueues(() => 0);
    const calls = [caller(), caller(), caller()];
    const tickets = calls.map((call) => queues.enter('acme', 'support', call)!);
    assert.deepEqual(
      tickets.map((ticket) => [ticket.position(), ticket.size()]),
      [
        [1, 3],
        [2, 3],
        [3, 3],
      ],
    );
    const taken = await queues.take('acme', 'support', never);
    assert.equal(taken.call, calls[0]);
    assert.equal(tickets[0]!.taken.aborted, true);
    assert.deepEqual(
      tickets.map((ticket) => ticket.position()),
      [0, 1, 2],
    );
    tickets[1]!.leave();
    assert.equal((await queues.take('acme', 'support', never)).call, calls[2]);
    assert.equal(queues.waiting, 0);
  });

  test('who asks first is served first', async () => {
    const queues = createQueues(() => 0);
    const [one, two] = [queues.take('acme', 'q', never), queues.take('acme', 'q', never)];
    const calls = [caller(), caller()];
    for (const call of calls) queues.enter('acme', 'q', call);
    assert.deepEqual([(await one).call, (await two).call], calls);
  });

  test('who gives up asking takes nobody away', async () => {
    const queues = createQueues(() => 0);
    const gone = new AbortController();
    const asked = queues.take('acme', 'q', gone.signal);
    gone.abort(new Error('gone'));
    const ticket = queues.enter('acme', 'q', caller())!;
    await assert.rejects(asked, /gone/);
    await Promise.resolve();
    assert.equal(ticket.position(), 1);
    assert.equal(ticket.taken.aborted, false);
  });

  test('a caller who has hung up is passed over', async () => {
    const queues = createQueues(() => 0);
    const [gone, there] = [caller(), caller()];
    for (const call of [gone, there]) queues.enter('acme', 'q', call);
    gone.end({ side: 'caller', cause: 'NORMAL_CLEARING' });
    assert.equal((await queues.take('acme', 'q', never)).call, there);
  });

  test('accounts and names are apart; times are told', async () => {
    let now = 0;
    const queues = createQueues(() => now);
    const ticket = queues.enter('acme', 'q', caller())!;
    const other = queues.enter('other', 'q', caller())!;
    assert.notEqual(ticket.sid, other.sid);
    assert.equal(other.position(), 1);
    now = 4000;
    assert.equal((await queues.take('acme', 'q', never)).waitedMs, 4000);
    const next = queues.enter('acme', 'q', caller())!;
    assert.equal(next.averageMs(), 4000);
    assert.equal(next.sid, ticket.sid);
    now = 5000;
    assert.equal(next.waitedMs(), 1000);
  });

  test('a full queue takes no more', () => {
    const queues = createQueues(() => 0);
    for (let i = 0; i < MOST_QUEUED; i += 1) assert.ok(queues.enter('acme', 'q', caller()));
    assert.equal(queues.enter('acme', 'q', caller()), undefined);
  });
});
