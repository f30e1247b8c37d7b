import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import fastify, { type FastifyInstance } from 'fastify';
import { debugCodes } from '../../crds/errors/debug.ts';
import { fault } from '../../crds/errors/fault.ts';
import { routingCodes } from '../../crds/errors/routing.ts';
import { webhookCodes } from '../../crds/errors/webhook.ts';
import type { CallStory } from '../call-story.ts';
import type { CallSummary } from '../summary.ts';
import { startCall, startExchange, type TestSpan } from '../testing/spans.ts';
import { TraceStore } from '../trace-store.ts';
import { registerLocalDebugApi } from './debug-api.ts';

let server: FastifyInstance;
let start: (id: string, attributes?: Record<string, string>) => TestSpan;

beforeEach(() => {
  const store = new TraceStore(100);
  const tracer = new BasicTracerProvider({ spanProcessors: [store] }).getTracer('test');
  // One after the other: those of one millisecond would be in no order that a test can know.
  let began = Date.now() - 1000;
  start = (id, attributes = {}) => {
    began += 10;
    const own = {
      'pivot.call.id': id,
      'pivot.account': 'acme',
      'pivot.from': '+15550100',
      'pivot.number': '2030',
      'pivot.callflow': 'acme/support',
    };
    return startCall(tracer, { ...own, ...attributes }, began);
  };
  server = fastify();
  registerLocalDebugApi(server, { store, node: 'node-1', version: '0' });
});
afterEach(() => server.close());

async function get<T>(path: string): Promise<T & { code?: string; status?: string }> {
  return (await server.inject(`/debug/v1${path}`)).json();
}

const list = async (query = ''): Promise<CallSummary[]> =>
  (await get<{ calls: CallSummary[] }>(`/calls${query}`)).calls;

describe('the list of all calls', () => {
  it('has each in a few words, in progress or over, also those that made no request', async () => {
    start('up');
    const done = start('done');
    startExchange(done, 1).end();
    startExchange(done, 2).end();
    done.set({ 'pivot.call.status': 'completed' });
    done.end();
    const refused = start('refused', { 'pivot.callflow': '', 'pivot.number': '9' });
    refused.fail(fault(routingCodes.noRoute, 'nobody answers 9'));
    refused.set({ 'pivot.sip.status': 404 });
    refused.end();
    assert.deepEqual(
      (await list()).map(({ call_id, state, result, exchanges, number, callflow, error }) => [
        call_id,
        state,
        result,
        exchanges,
        number,
        callflow,
        error?.code,
      ]),
      [
        ['refused', 'failed', 'refused (404)', 0, '9', '', routingCodes.noRoute.code],
        ['done', 'ended', 'completed', 2, '2030', 'acme/support', undefined],
        ['up', 'active', undefined, 0, '2030', 'acme/support', undefined],
      ],
    );
  });

  it('counts attempts of one exchange once; one that a repetition saved has not failed, but the call says what happened', async () => {
    const root = start('a');
    const first = startExchange(root, 1);
    first.fail(fault(webhookCodes.statusServer, 'the web server answered 500'));
    first.end();
    startExchange(root, 1).end();
    root.end();
    const [call] = await list();
    assert.deepEqual([call?.exchanges, call?.failed_exchanges, call?.state], [1, 0, 'failed']);
    assert.equal(call?.error?.message, 'the web server answered 500');
  });

  it('is of all accounts or of one, of a callflow, of a time; page by page', async () => {
    start('a');
    start('b', { 'pivot.account': 'globex', 'pivot.callflow': 'globex/sales' });
    const ids = async (query: string): Promise<string[]> => (await list(query)).map(({ call_id }) => call_id);
    assert.deepEqual(await ids(''), ['b', 'a']);
    assert.deepEqual(await ids('?account=acme'), ['a']);
    assert.deepEqual(await ids('?callflow=sales'), ['b']);
    assert.deepEqual(await ids('?call_id=a'), ['a']);
    assert.deepEqual(await ids('?number=2030&caller=%2B15550100'), ['b', 'a']);
    for (const query of ['number=203', 'caller=2030', 'call_id=c']) assert.deepEqual(await ids(`?${query}`), [], query);
    assert.deepEqual(await ids('?to=2020-01-01T00:00:00Z'), []);
    const page = await get<{ next: string }>('/calls?limit=1');
    assert.deepEqual(await ids(`?limit=1&start=${page.next}`), ['a']);
  });

  it('takes no nonsense', async () => {
    for (const query of ['limit=0', 'limit=1001', 'limit=x', 'from=yesterday', 'start=1'])
      assert.equal((await get(`/calls?${query}`)).code, debugCodes.badQuery.code, query);
  });
});

describe('one call', () => {
  it('has its time line and its exchanges without bodies, which are asked for one by one', async () => {
    const root = start('a');
    const span = startExchange(root, 1, {
      'pivot.webhook.request.body': 'CallSid=a',
      'pivot.webhook.response.headers': '{"content-type":"text/xml"}',
    });
    span.end();
    root.end();
    const story = await get<CallStory>(`/calls/${root.traceId}`);
    assert.equal(story.call.call_id, 'a');
    assert.deepEqual(
      story.timeline.map(({ kind, exchange }) => [kind, exchange]),
      [
        ['exchange', span.spanId],
        ['end', undefined],
      ],
    );
    const [head] = story.exchanges;
    assert.deepEqual([head?.id, head?.iteration, head?.node], [span.spanId, 1, 'node-1']);
    assert.doesNotMatch(JSON.stringify(story), /CallSid=a|text\/xml/);
    const exchange = await get<Record<string, unknown>>(`/calls/${root.traceId}/exchanges/${span.spanId}`);
    assert.deepEqual([exchange['req_body'], exchange['resp_headers']], ['CallSid=a', { 'content-type': 'text/xml' }]);
  });

  it('that is unknown, of another account, or has no such exchange, is 404', async () => {
    const { traceId } = start('a');
    for (const path of [
      `/calls/${'0'.repeat(32)}`,
      '/calls/a',
      `/calls/${traceId}?account=globex`,
      `/calls/${traceId}/exchanges/1`,
      `/calls/${traceId}/exchanges/1?account=globex`,
    ])
      assert.equal((await get(path)).code, debugCodes.noCall.code, path);
  });
});
