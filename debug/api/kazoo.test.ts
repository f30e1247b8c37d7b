import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import fastify, { type FastifyInstance } from 'fastify';
import { debugCodes } from '../../crds/errors/debug.ts';
import { fault } from '../../crds/errors/fault.ts';
import { webhookCodes } from '../../crds/errors/webhook.ts';
import { epochMs, gregorianSeconds } from '../entries.ts';
import { createJaegerClient } from '../jaeger/client.ts';
import { createJaegerSource } from '../jaeger/source.ts';
import { TestJaeger } from '../testing/jaeger-server.ts';
import { startExchange as exchange, startCall, type TestSpan } from '../testing/spans.ts';
import { TraceStore } from '../trace-store.ts';
import { registerClusterDebugApi, registerLocalDebugApi } from './debug-api.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const HOUR = 3_600_000;

/** Where traces are read from; the answers are the same. */
type Backend = 'memory' | 'Jaeger';

let server: FastifyInstance;
let store: TraceStore;
let jaeger: TestJaeger;
let closeClient: () => Promise<void>;
let start: (id: string, account?: string) => TestSpan;

async function begin(backend: Backend): Promise<void> {
  mock.timers.enable({ apis: ['Date'], now: NOW });
  store = new TraceStore(100);
  jaeger = new TestJaeger('pivot');
  const tracer = new BasicTracerProvider({ spanProcessors: [store, jaeger] }).getTracer('test');
  start = (id, account = 'acme') => {
    const root = startCall(tracer, { 'pivot.call.id': id, 'pivot.account': account });
    root
      .child('call.received', {
        'pivot.call.id': id,
        'pivot.account': account,
        'pivot.callflow': `${account}/support`,
        'pivot.number': '2030',
      })
      .end();
    return root;
  };
  server = fastify();
  const client = createJaegerClient({ url: await jaeger.listen() });
  closeClient = () => client.close();
  if (backend === 'memory') registerLocalDebugApi(server, { store, node: 'node-1', version: '0' });
  else {
    registerClusterDebugApi(server, {
      source: createJaegerSource({ client, service: 'pivot' }),
      node: 'unknown',
      version: '0',
      authorize: async () => {},
      callflows: async () => ({ callflows: [], accounts: [] }),
    });
  }
}

async function end(): Promise<void> {
  mock.timers.reset();
  await server.close();
  await closeClient();
  await jaeger.close();
}

/** A call with one exchange, begun `hoursAgo`. */
function call(id: string, { hoursAgo = 0, account = 'acme' } = {}): void {
  mock.timers.setTime(NOW - hoursAgo * HOUR);
  const root = start(id, account);
  exchange(root, 1).end();
  root.end();
  mock.timers.setTime(NOW);
}

interface Reply {
  readonly status: number;
  readonly data: Record<string, unknown>[];
  readonly body: Record<string, unknown>;
}

async function get(path: string, account = 'acme'): Promise<Reply> {
  const response = await server.inject(`/v2/accounts/${account}/pivot/debug${path}`);
  const body = response.json() as Record<string, unknown>;
  return { status: response.statusCode, data: body['data'] as Record<string, unknown>[], body };
}

const ids = ({ data }: Reply): unknown[] => data.map((row) => row['call_id']);

for (const backend of ['memory', 'Jaeger'] as const) {
  describe(`the list of calls from ${backend}`, () => {
    beforeEach(() => begin(backend));
    afterEach(end);

    it('has calls of the account that made requests, newest first', async () => {
      call('old', { hoursAgo: 2 });
      call('new', { hoursAgo: 1 });
      call('foreign', { account: 'beta' });
      start('silent').end();
      const list = await get('');
      assert.equal(list.status, 200);
      assert.deepEqual(ids(list), ['new', 'old']);
      assert.deepEqual(ids(await get('?ascending=true')), ['old', 'new']);
      assert.deepEqual(ids(await get('', 'beta')), ['foreign']);
      assert.deepEqual(ids(await get('', 'nobody')), []);
    });

    it('shows of each call its first exchange and whether any failed, in Kazoo’s envelope', async () => {
      const root = start('a@b');
      exchange(root, 1).end();
      const second = exchange(root, 2, { 'http.response.status_code': 500 });
      second.fail(fault(webhookCodes.statusServer, 'the web server answered 500'));
      second.end();
      const { data, body } = await get('');
      assert.deepEqual(data, [
        {
          call_id: 'a@b',
          created: gregorianSeconds(NOW),
          iteration: 1,
          node: 'node-1',
          uri: 'https://app.example.com/1',
          status_code: '200',
          has_schema_errors: false,
          has_json_errors: false,
          has_errors: true,
          debug_id: '202611-a@b',
          callflow: 'acme/support',
          number: '2030',
          trace_id: root.traceId,
        },
      ]);
      assert.equal(body['status'], 'success');
      assert.equal(body['page_size'], 1);
      for (const name of ['request_id', 'revision', 'auth_token']) assert.equal(typeof body[name], 'string');
    });

    it('comes in pages', async () => {
      for (let count = 0; count < 5; count += 1) call(`c${count}`, { hoursAgo: 5 - count });
      const first = await get('?page_size=2');
      assert.deepEqual(ids(first), ['c4', 'c3']);
      const second = await get(`?page_size=2&start_key=${first.body['next_start_key']}`);
      assert.deepEqual(ids(second), ['c2', 'c1']);
      const third = await get(`?page_size=2&start_key=${second.body['next_start_key']}`);
      assert.deepEqual(ids(third), ['c0']);
      assert.equal(third.body['next_start_key'], undefined);
    });

    it('goes on at the next call when the one that a page begins with has been forgotten', async () => {
      call('old', { hoursAgo: 3 });
      call('gone', { hoursAgo: 2 });
      call('new', { hoursAgo: 1 });
      const key = String((await get('?page_size=1')).body['next_start_key']);
      const nobody = key.replace(/[0-9a-f]{32}$/, '0'.repeat(32));
      assert.deepEqual(ids(await get(`?start_key=${nobody}`)), ['old']);
      assert.deepEqual(ids(await get(`?start_key=${nobody}&ascending=true`)), ['gone', 'new']);
    });

    it('takes no start_key that it has not given', async () => {
      for (const key of ['202611-a', '1', '%00']) {
        const { status, body } = await get(`?start_key=${key}`);
        assert.deepEqual([status, body['code']], [400, debugCodes.badQuery.code]);
      }
    });

    it('takes 50 a page unless told otherwise, 1 to 1000, and no nonsense', async () => {
      for (let count = 0; count < 60; count += 1) call(`c${count}`);
      assert.equal((await get('')).data.length, 50);
      assert.equal((await get('?page_size=0')).data.length, 1);
      assert.equal((await get('?page_size=5000')).data.length, 60);
      for (const nonsense of ['-1', 'x', '1e3', ''])
        assert.equal((await get(`?page_size=${nonsense}`)).data.length, 50);
    });

    it('is of the last 31 days and an hour, or of the range asked for, in Gregorian seconds', async () => {
      call('ancient', { hoursAgo: 32 * 24 });
      call('old', { hoursAgo: 31 * 24 });
      call('new', { hoursAgo: 1 });
      assert.deepEqual(ids(await get('')), ['new', 'old']);
      const from = gregorianSeconds(NOW - 33 * 24 * HOUR);
      const to = gregorianSeconds(NOW - 2 * HOUR);
      assert.deepEqual(ids(await get(`?created_from=${from}`)), ['new', 'old', 'ancient']);
      assert.deepEqual(ids(await get(`?created_from=${from}&created_to=${to}`)), ['old', 'ancient']);
      for (const nonsense of [
        `created_from=${to}&created_to=${from}`,
        'created_from=yesterday',
        'created_to=1763726400',
      ]) {
        const refused = await get(`?${nonsense}`);
        assert.deepEqual([refused.status, refused.body['code']], [400, debugCodes.badQuery.code], nonsense);
      }
    });

    it('may be of one callflow, by name or with its namespace', async () => {
      call('a');
      assert.deepEqual(ids(await get('?callflow=support')), ['a']);
      assert.deepEqual(ids(await get('?callflow=acme/support')), ['a']);
      assert.deepEqual(ids(await get('?callflow=port')), []);
    });
  });

  describe(`one call from ${backend}`, () => {
    beforeEach(() => begin(backend));
    afterEach(end);

    it('has its exchanges: newest first by Call-ID, oldest first by debug_id', async () => {
      const root = start('a@b');
      for (const number of [1, 2, 3]) exchange(root, number).end();
      const iterations = ({ data }: Reply): unknown[] => data.map((entry) => entry['iteration']);
      assert.deepEqual(iterations(await get('/a%40b')), [3, 2, 1]);
      assert.deepEqual(iterations(await get('/202611-a@b')), [1, 2, 3]);
    });

    it('has its CDR callbacks too, with the number of the last exchange; they are no exchanges in the list', async () => {
      const root = start('a');
      for (const number of [1, 2]) exchange(root, number).end();
      root.end();
      const cdr = root.child('POST', { 'pivot.webhook.kind': 'cdr', 'url.full': 'https://app.example.com/cdr' });
      cdr.set({ 'http.request.method': 'POST', 'http.response.status_code': 204 });
      cdr.end();
      const { data } = await get('/202611-a');
      assert.deepEqual(
        data.map(({ iteration, kind, uri }) => [iteration, kind, uri]),
        [
          [1, undefined, 'https://app.example.com/1'],
          [2, undefined, 'https://app.example.com/2'],
          [2, 'cdr', 'https://app.example.com/cdr'],
        ],
      );
      const single = start('b');
      exchange(single, 1).end();
      const late = single.child('POST', { 'pivot.webhook.kind': 'cdr', 'url.full': 'https://app.example.com/cdr' });
      late.set({ 'http.request.method': 'POST', 'http.response.status_code': 503 });
      late.end();
      const row = (await get('')).data.find(({ call_id }) => call_id === 'b');
      assert.deepEqual([row?.['uri'], row?.['status_code']], ['https://app.example.com/1', '200']);
    });

    it('shows what was sent and returned, as far as it was recorded', async () => {
      const root = start('a');
      exchange(root, 1, {
        'pivot.webhook.request.headers': '{"content-type":"application/x-www-form-urlencoded"}',
        'pivot.webhook.request.body': 'CallSid=a',
        'pivot.webhook.response.headers': '{"content-type":"text/xml"}',
        'pivot.webhook.response.body': '<Response/>',
        'pivot.webhook.response.body.truncated': true,
      }).end();
      exchange(root, 2).end();
      const [first, second] = (await get('/202611-a')).data;
      assert.deepEqual(first?.['req_headers'], { 'content-type': 'application/x-www-form-urlencoded' });
      assert.equal(first?.['req_body'], 'CallSid=a');
      assert.deepEqual(first?.['resp_headers'], { 'content-type': 'text/xml' });
      assert.equal(first?.['resp_body'], '<Response/>');
      assert.equal(first?.['truncated'], true);
      assert.deepEqual([first?.['method'], first?.['resp_status_code'], first?.['node']], ['post', '200', 'node-1']);
      assert.deepEqual([first?.['index'], second?.['index']], [0, 1]);
      assert.equal(second?.['req_body'], undefined);
      assert.equal(epochMs(first?.['created'] as number), NOW);
    });

    it('shows an exchange that is still under way, and one that failed without an answer', async () => {
      const root = start('a');
      const failed = root.child('GET');
      failed.set({ 'pivot.exchange': 1, 'http.request.method': 'GET', 'url.full': 'https://app.example.com/' });
      failed.fail(fault(webhookCodes.statusServer, 'no connection'));
      failed.end();
      exchange(root, 2);
      const [first, second] = (await get('/202611-a')).data;
      // Spans leave for Jaeger when they end.
      assert.equal(second === undefined, backend === 'Jaeger');
      assert.deepEqual(first?.['error'], { code: webhookCodes.statusServer.code, message: 'no connection' });
      assert.equal(first?.['resp_status_code'], undefined);
      assert.equal(second?.['elapsed_ms'], undefined);
    });

    it('that is unknown, or of another account, is 404 in Kazoo’s form', async () => {
      call('a', { account: 'beta' });
      for (const id of ['a', '202611-a', '202610-a', 'nobody']) {
        const { status, body } = await get(`/${id}`);
        assert.deepEqual([status, body['status'], body['error']], [404, 'error', '404']);
      }
      assert.equal((await get('/202610-a', 'beta')).status, 404);
    });

    it('may have a Call-ID that looks like a debug_id', async () => {
      call('202611-x');
      assert.equal((await get('/202611-x')).data.length, 1);
      assert.equal((await get('/202611-202611-x')).data.length, 1);
    });
  });
}

describe('the stream of a call', () => {
  beforeEach(() => begin('memory'));
  afterEach(end);

  async function events(id: string): Promise<{ lines: string[]; type: unknown }> {
    const response = await server.inject(`/v2/accounts/acme/pivot/debug/${id}/events`);
    const lines = [...response.body.matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(
      ([, type, data]) => `${type} ${(JSON.parse(data ?? '') as { name: string }).name}`,
    );
    return { lines, type: response.headers['content-type'] };
  }

  const WHOLE = ['start call', 'start call.received', 'end call.received', 'start POST', 'end POST', 'end call'];

  it('of a call that is over tells all that happened in its order, and ends', async () => {
    call('a');
    const { lines, type } = await events('a');
    assert.equal(type, 'text/event-stream');
    assert.deepEqual(lines, WHOLE);
  });

  it('of a call that is over leaves out what came after it, like a CDR callback', async () => {
    const root = start('a');
    exchange(root, 1).end();
    root.end();
    root.child('POST', { 'pivot.webhook.kind': 'cdr' }).end();
    assert.deepEqual((await events('a')).lines, WHOLE);
  });

  it('of a call in progress tells what happened so far and goes on until it is over', async () => {
    const root = start('a');
    const span = exchange(root, 1);
    const reading = events('a');
    setTimeout(() => {
      // Another call is no part of this one.
      start('other').end();
      span.end();
      root.end();
      root.child('late').end();
    }, 50);
    assert.deepEqual((await reading).lines, WHOLE);
  });

  it('of an unknown call is 404', async () => {
    assert.equal((await get('/nobody/events')).status, 404);
  });
});
