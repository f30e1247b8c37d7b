import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import fc from 'fast-check';
import { debugCodes } from '../../crds/errors/debug.ts';
import { PivotError } from '../../crds/errors/fault.ts';
import { showCursor } from '../call-source.ts';
import { TestJaeger } from '../testing/jaeger-server.ts';
import { startCall } from '../testing/spans.ts';
import { createJaegerClient, type JaegerClient, type JaegerClientOptions } from './client.ts';
import { readTrace } from './read-trace.ts';
import { createJaegerSource } from './source.ts';

const { signal } = new AbortController();
const SEARCH = { service: 'pivot', tags: { 'pivot.account': 'acme' }, startUs: 1, endUs: 2, limit: 3 };
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function clientOf(answer: RequestListener, options: Partial<JaegerClientOptions> = {}): Promise<JaegerClient> {
  const server: Server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const url = `http://user:secret@127.0.0.1:${(server.address() as AddressInfo).port}/jaeger/`;
  return clientAt(url, options);
}

function clientAt(url: string, options: Partial<JaegerClientOptions> = {}): JaegerClient {
  const client = createJaegerClient({ url, ...options });
  closing.push(() => client.close());
  return client;
}

function away(words: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof PivotError, String(error));
    assert.equal(error.fault.code, debugCodes.jaegerAway.code);
    assert.match(error.fault.message, words);
    assert.doesNotMatch(error.fault.message, /secret/);
    return true;
  };
}

describe('asking Jaeger', () => {
  it('searches by tags, under the base path of its address', async () => {
    let asked = '';
    const client = await clientOf((request, response) => {
      asked = request.url ?? '';
      response.end('{"data":[{"traceID":"1"}]}');
    });
    assert.deepEqual(await client.search(SEARCH, signal), { traces: [{ traceID: '1' }] });
    const { pathname, searchParams } = new URL(asked, 'http://x');
    assert.equal(pathname, '/jaeger/api/traces');
    assert.deepEqual(Object.fromEntries(searchParams), {
      service: 'pivot',
      tags: '{"pivot.account":"acme"}',
      start: '1',
      end: '2',
      limit: '3',
      raw: 'true',
    });
  });

  it('takes a trace that it does not know for none, and an empty answer for an empty one', async () => {
    const client = await clientOf((request, response) => {
      if (request.url?.includes('/api/traces/') === true) response.statusCode = 404;
      response.end('{"data":null}');
    });
    assert.equal(await client.trace('a'.repeat(32), signal), undefined);
    assert.deepEqual(await client.search(SEARCH, signal), { traces: [] });
  });

  it('says when it is away, answers badly, or not in time', async () => {
    await assert.rejects(clientAt('http://127.0.0.1:9').search(SEARCH, signal), away(/127\.0\.0\.1:9: ECONNREFUSED/));
    const broken = await clientOf((_request, response) => response.writeHead(503).end('no'));
    await assert.rejects(broken.search(SEARCH, signal), away(/answered 503/));
    const page = await clientOf((_request, response) => response.end('<!doctype html>'));
    await assert.rejects(page.search(SEARCH, signal), away(/no JSON/));
    const other = await clientOf((_request, response) => response.end('{"data":{}}'));
    await assert.rejects(other.search(SEARCH, signal), away(/none of a query service/));
    const slow = await clientOf(() => {}, { timeoutMs: 100 });
    await assert.rejects(slow.search(SEARCH, signal), away(/no answer within 100 ms/));
    const stalled = await clientOf((_request, response) => response.write('{"data":['), { timeoutMs: 100 });
    await assert.rejects(stalled.search(SEARCH, signal), away(/no answer within 100 ms/));
    const cut = await clientOf((_request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{');
      setTimeout(() => response.destroy(), 20);
    });
    await assert.rejects(cut.search(SEARCH, signal), away(/UND_ERR_SOCKET|ECONNRESET|aborted|terminated/));
  });

  it('reads no more than its limit', async () => {
    let written = 0;
    const client = await clientOf(
      (_request, response) => {
        const more = (): void => {
          while (!response.destroyed && response.write('x'.repeat(10_000))) written += 10_000;
          response.once('drain', more);
        };
        more();
      },
      { mostBytes: 100_000 },
    );
    assert.equal(await client.search(SEARCH, signal), 'too-large');
    assert.ok(written < 20_000_000, String(written));
  });

  it('asks three things at a time; whoever goes away gives up its turn', async () => {
    const open: (() => void)[] = [];
    const told: (() => void)[] = [];
    const client = await clientOf((_request, response) => {
      open.push(() => response.end('{"data":[]}'));
      for (const tell of told.splice(0)) tell();
    });
    const until = async (count: number): Promise<void> => {
      while (open.length < count) await new Promise<void>((resolve) => told.push(resolve));
    };
    const gone = new AbortController();
    const first = Array.from({ length: 3 }, () => client.search(SEARCH, signal));
    await until(3);
    const leaving = client.search(SEARCH, gone.signal);
    const last = client.search(SEARCH, signal);
    gone.abort();
    open[0]?.();
    await assert.rejects(leaving, { name: 'AbortError' });
    await until(4);
    for (const answer of open.slice(1)) answer();
    await Promise.all([...first, last]);
    assert.equal(open.length, 4);
  });
});

describe('the calls in Jaeger', () => {
  async function setUp(): Promise<{
    jaeger: TestJaeger;
    source: ReturnType<typeof createJaegerSource>;
    place: (id: string, at: number) => void;
  }> {
    const jaeger = new TestJaeger('pivot');
    const client = clientAt(await jaeger.listen());
    closing.push(() => jaeger.close());
    const tracer = new BasicTracerProvider({ spanProcessors: [jaeger] }).getTracer('test');
    return {
      jaeger,
      source: createJaegerSource({ client, service: 'pivot' }),
      place: (id, at) =>
        startCall(tracer, { 'pivot.call.id': id, 'pivot.account': 'acme', 'pivot.callflow': 'acme/support' }, at).end(
          at + 10,
        ),
    };
  }
  const RANGE = { account: 'acme', from: 0, to: 10_000_000, ascending: false };

  it('come page by page, each once, also when many began at one time', async () => {
    const { source, place } = await setUp();
    for (let count = 0; count < 100; count += 1) place(`c${count}`, 1_000_000 + Math.floor(count / 25) * 1000);
    const seen: string[] = [];
    let start: Parameters<typeof source.list>[0]['start'];
    for (let page = 0; page < 50; page += 1) {
      const { calls, next } = await source.list({ ...RANGE, limit: 7, start }, signal);
      assert.ok(calls.length > 0 && calls.length <= 7);
      seen.push(...calls.map(({ callId }) => callId));
      start = next;
      if (next === undefined) break;
    }
    assert.equal(seen.length, 100);
    assert.equal(new Set(seen).size, 100);
  });

  it('that fit are looked for further back, as far as it is worth it', async () => {
    const { source, place, jaeger } = await setUp();
    for (let count = 0; count < 60; count += 1) place(`c${count}`, 1_000_000 + count * 2000);
    const keep = (call: { callId: string }): boolean => call.callId === 'c5';
    const { calls, next } = await source.list({ ...RANGE, limit: 10, keep }, signal);
    assert.deepEqual([calls.map(({ callId }) => callId), next], [['c5'], undefined]);
    assert.ok(jaeger.searches.length > 1 && jaeger.searches.length <= 8);
    // Nothing fits, and there is more than eight searches see: the page is empty and says where to go on.
    for (let count = 60; count < 2000; count += 1) place(`c${count}`, 1_000_000 + count * 1000);
    const none = await source.list({ ...RANGE, limit: 10, keep: () => false }, signal);
    assert.equal(none.calls.length, 0);
    assert.match(showCursor(none.next ?? { startedUs: 0, traceId: '' }), /^\d+-f{32}$/);
  });

  it('of a callflow are searched for by its name', async () => {
    const { source, place, jaeger } = await setUp();
    place('a', 1_000_000);
    const found = async (callflow: string): Promise<number> =>
      (await source.list({ ...RANGE, limit: 10, callflow }, signal)).calls.length;
    assert.deepEqual([await found('support'), await found('acme/support'), await found('port')], [1, 1, 0]);
    assert.equal(jaeger.searches[0]?.get('tags'), '{"pivot.account":"acme","pivot.callflow":"acme/support"}');
  });

  it('are fewer on a page when all that was asked for is too large, and none that is too large alone', async () => {
    const { jaeger, place } = await setUp();
    for (let count = 0; count < 40; count += 1) place(`c${count}`, 1_000_000 + count * 2_000_000);
    const { url } = jaeger;
    const small = (mostBytes: number): ReturnType<typeof createJaegerSource> =>
      createJaegerSource({ client: clientAt(url, { mostBytes }), service: 'pivot' });
    const query = { ...RANGE, to: 100_000_000, limit: 20 };
    assert.ok((await small(10_000).list(query, signal)).calls.length > 0);
    const tooMuch = (error: unknown): boolean =>
      error instanceof PivotError && error.fault.code === debugCodes.tooMuch.code;
    await assert.rejects(small(100).list(query, signal), tooMuch);
    await assert.rejects(small(100).byCallId('acme', 'c1', { from: 0, to: 10_000_000 }, signal), tooMuch);
    await assert.rejects(small(10_000).list({ ...query, ascending: true }, signal), tooMuch);
  });

  it('of another account are none, whatever Jaeger says', async () => {
    const { source, place } = await setUp();
    place('a', 1_000_000);
    const between = { from: 0, to: 10_000_000 };
    assert.equal((await source.byCallId('acme', 'a', between, signal))?.callId, 'a');
    assert.equal(await source.byCallId('globex', 'a', between, signal), undefined);
  });
});

describe('a trace of Jaeger', () => {
  const span = (
    spanID: string,
    name: string,
    start: number,
    duration: number,
    parent?: string,
    tags: object = {},
  ): object => ({
    traceID: 'ab',
    spanID,
    operationName: name,
    startTime: start,
    duration,
    references: parent === undefined ? [] : [{ refType: 'CHILD_OF', spanID: parent }],
    tags: Object.entries({ 'pivot.call.id': 'c', ...tags }).map(([key, value]) => ({ key, type: 'string', value })),
    logs: [],
    processID: 'p1',
  });
  const trace = (spans: readonly object[], service = 'pivot'): object => ({
    traceID: 'ab',
    spans,
    processes: {
      p1: { serviceName: service, tags: [{ key: 'k8s.pod.name', value: 'worker-7' }] },
      p2: { serviceName: 'shop' },
    },
  });
  const ours = (service: string): boolean => service === 'pivot';

  it('is a call that is still up as long as its root has not come', () => {
    const call = readTrace(trace([span('1', 'call.received', 1000, 0, '0', { 'pivot.account': 'acme' })]), ours);
    assert.deepEqual(
      [call?.traceId, call?.callId, call?.account, call?.endedAt, call?.node],
      ['ab'.padStart(32, '0'), 'c', 'acme', undefined, 'worker-7'],
    );
  });

  it('is told in the order of the tree where the times are the same', () => {
    const spans = [
      span('3', 'action b', 1000, 0, '1'),
      span('1', 'call', 1000, 3000),
      span('2', 'action a', 1000, 0, '3'),
      span('4', 'later', 1001, 5000, '1'),
      span('5', 'soon after', 1000, 0, '1'),
    ];
    assert.deepEqual(
      readTrace(trace(spans), ours)?.order.map(({ type, spanId }) => `${type} ${spanId}`),
      ['start 1', 'start 3', 'start 2', 'end 2', 'end 3', 'start 5', 'end 5', 'start 4', 'end 1', 'end 4'],
    );
  });

  it('has no spans of other services, which may say what they like', () => {
    const foreign = { ...span('2', 'call', 900, 5, undefined, { 'pivot.account': 'acme' }), processID: 'p2' };
    const call = readTrace(
      trace([foreign, span('1', 'call', 1000, 5, undefined, { 'pivot.account': 'globex' })]),
      ours,
    );
    assert.deepEqual([call?.account, call?.spans.length], ['globex', 1]);
    assert.equal(readTrace(trace([span('1', 'call', 1000, 5)], 'shop'), ours), undefined);
  });

  it('may be anything else: it is a call, or none, and never the end of the process', () => {
    const value = fc.anything({ maxDepth: 4 });
    const spans = fc.array(
      fc.oneof(
        value,
        fc.record({
          spanID: fc.constantFrom('1', '2'),
          operationName: value,
          startTime: fc.nat(),
          duration: fc.nat(),
          references: fc.constantFrom(
            [{ refType: 'CHILD_OF', spanID: '1' }],
            [{ refType: 'CHILD_OF', spanID: '2' }],
            null,
          ),
          tags: value,
          logs: fc.array(value),
          processID: fc.constant('p1'),
        }),
      ),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          value,
          spans.map((all) => trace(all as object[])),
        ),
        (one) => {
          readTrace(one, ours);
        },
      ),
      { numRuns: 500 },
    );
  });
});
