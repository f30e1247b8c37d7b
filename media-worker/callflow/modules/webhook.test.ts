import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { engineCodes } from '../../../crds/errors/engine.ts';
import { chain, type FlowScenario, noticed, runFlow, unreached } from '../testing/run-flow.ts';

const URI = 'https://app.example.com/notice?x=1';

const tell = (data: object, scenario: FlowScenario = {}): ReturnType<typeof runFlow> =>
  runFlow(chain(['webhook', { uri: URI, ...data }], ['noop']), scenario);

describe('webhook', () => {
  it('goes on at once; nobody waits for the answer', async () => {
    const { ms, ran } = await tell(
      {},
      { notice: () => new Promise((resolve) => setTimeout(resolve, 4000, noticed(200))) },
    );
    assert.deepEqual(ran, ['webhook', 'noop']);
    assert.ok(ms < 200);
  });

  it('posts the facts of the call as a form, with lower-case names and `custom_data`', async () => {
    const { notices } = await tell({ custom_data: { order: 7, type: 'x', action: 'y', tags: { a: 'b' } } });
    const [notice] = notices;
    assert.equal(notice?.method, 'POST');
    assert.equal(notice?.url, URI);
    assert.equal(notice?.headers?.['content-type'], 'application/x-www-form-urlencoded');
    const form = new URLSearchParams(String(notice?.body));
    assert.equal(form.get('call_id'), 'call-1@phone.example');
    assert.equal(form.get('caller_id_number'), '+15550100');
    assert.equal(form.get('account_id'), 'acme');
    assert.equal(form.get('order'), '7');
    assert.equal(form.get('tags[a]'), 'b');
    assert.deepEqual([form.get('type'), form.get('action')], [null, null]);
  });

  it('with `http_verb` get sends them in the query', async () => {
    const [notice] = (await tell({ http_verb: 'get' })).notices;
    assert.equal(notice?.method, 'GET');
    assert.equal(notice?.body, undefined);
    const query = new URL(notice?.url ?? '').searchParams;
    assert.deepEqual([query.get('x'), query.get('call_id')], ['1', 'call-1@phone.example']);
  });

  it('is a CLIENT span with the trace handed on', async () => {
    const { spans, notices } = await tell({});
    const span = spans.find(({ name }) => name === 'POST');
    assert.equal(span?.attributes['http.response.status_code'], 200);
    assert.equal(notices[0]?.headers?.['traceparent']?.split('-')[2], span?.spanContext().spanId);
  });

  it('leaves what it tells out of the trace, also what stands in the query', async () => {
    const { spans } = await tell({ http_verb: 'get' });
    const recorded = JSON.stringify(spans.map(({ attributes, events }) => [attributes, events]));
    assert.equal(spans.find(({ name }) => name === 'GET')?.attributes['url.full'], URI);
    assert.doesNotMatch(recorded, /15550100/);
  });

  it('tries again every 2 s, `retries` times, while the server cannot be reached', async () => {
    const at: number[] = [];
    await tell(
      { retries: 2 },
      {
        notice: () => {
          at.push(Date.now());
          return unreached();
        },
      },
    );
    assert.deepEqual(at, [0, 2000, 4000]);
  });

  it('does not try again when there are no `retries`, or once the server has answered, whatever it was', async () => {
    assert.equal((await tell({}, { notice: unreached })).notices.length, 1);
    assert.equal((await tell({ retries: 5 }, { notice: () => noticed(500) })).notices.length, 1);
  });

  it('without a `uri` goes on', async () => {
    const { notices, ran } = await runFlow(chain(['webhook'], ['noop']));
    assert.deepEqual([notices.length, ran], [0, ['webhook', 'noop']]);
  });

  it('is not sent, with a warning, while too many are under way', async () => {
    const { notices, warnings, ran } = await tell({}, { background: 0 });
    assert.equal(notices.length, 0);
    assert.deepEqual(warnings, [engineCodes.requestNotSent.code]);
    assert.deepEqual(ran, ['webhook', 'noop']);
  });

  it('outlives the call', async () => {
    const { notices, end } = await runFlow(chain(['webhook', { uri: URI, retries: 1 }]), { notice: unreached });
    assert.equal(end.side, 'worker');
    assert.equal(notices.length, 2);
  });
});
