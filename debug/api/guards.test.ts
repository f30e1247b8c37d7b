import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import fastify, { type FastifyInstance, type InjectOptions, type LightMyRequestResponse } from 'fastify';
import { debugCodes } from '../../crds/errors/debug.ts';
import { TraceStore } from '../trace-store.ts';
import { registerLocalDebugApi } from './debug-api.ts';
import type { TestCallRequest, TestCalls } from './test-calls.ts';

let server: FastifyInstance;
let placed: TestCallRequest[];
let hungUp: string[];
let pressed: string[];
let ends: (() => void)[];

beforeEach(() => {
  placed = [];
  hungUp = [];
  pressed = [];
  ends = [];
  const testCalls: TestCalls = {
    async place(request) {
      placed.push(request);
      return { callId: `call-${placed.length}`, ended: new Promise((resolve) => ends.push(resolve)) };
    },
    async press(callId, keys) {
      pressed.push(`${callId} ${keys}`);
      return callId === 'call-1';
    },
    hangUp(callId) {
      hungUp.push(callId);
      return callId === 'call-1';
    },
  };
  server = fastify();
  registerLocalDebugApi(server, {
    store: new TraceStore(1),
    node: 'n',
    version: '0',
    testCalls,
    names: ['Dev.Example'],
  });
});
afterEach(() => server.close());

async function status(options: InjectOptions): Promise<[number, string | undefined]> {
  const response = await server.inject(options);
  return [response.statusCode, (response.body === '' ? {} : (response.json() as { code?: string })).code];
}

const FOREIGN = [403, debugCodes.foreignRequest.code];
const BAD = [400, debugCodes.badQuery.code];
const OURS = '127.0.0.1:8080';

describe('the debug log', () => {
  it('is shown under addresses and names of this machine alone, so that DNS cannot be bent towards it', async () => {
    for (const host of [
      '127.0.0.1:8080',
      'localhost',
      'LOCALHOST:80',
      'app.localhost:1',
      '[::1]:8080',
      '10.1.2.3',
      'dev.example:80',
    ])
      assert.deepEqual(await status({ url: '/debug/v1/calls', headers: { host } }), [200, undefined], host);
    for (const host of [
      'evil.example',
      'localhost.evil.example:8080',
      '127.0.0.1.evil.example',
      'localhost@evil.example',
    ]) {
      for (const url of ['/', '/debug/v1/calls', '/v2/accounts/a/pivot/debug', '/debug/v1/events'])
        assert.deepEqual(await status({ url, headers: { host } }), FOREIGN, `${host} ${url}`);
    }
  });
});

describe('the page', () => {
  it('may load nothing from elsewhere and be shown in no frame', async () => {
    const { statusCode, headers, body } = await server.inject({ url: '/', headers: { host: OURS } });
    assert.equal(statusCode, 200);
    assert.match(String(headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/);
    assert.doesNotMatch(String(headers['content-security-policy']), /unsafe|https?:/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    const files = [...body.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, path]) => path ?? '');
    assert.ok(files.length >= 5);
    for (const url of files) assert.equal((await server.inject({ url, headers: { host: OURS } })).statusCode, 200, url);
  });

  it('has no file but its own', async () => {
    for (const url of [
      '/page/tsconfig.json',
      '/page/../debug-api.ts',
      '/page/%2e%2e/entries.ts',
      '/page/format.test.ts',
      '/page/',
    ])
      assert.equal((await server.inject({ url, headers: { host: OURS } })).statusCode, 404, url);
  });
});

describe('a code', () => {
  const ask = async (code: string): Promise<LightMyRequestResponse> =>
    server.inject({ url: `/debug/v1/errors/${code}`, headers: { host: OURS } });

  it('is explained as in docs/errors.md', async () => {
    const { code, title, cause, cure, severity } = debugCodes.noCall;
    assert.deepEqual((await ask(code)).json(), { code, severity, title, cause, cure });
    assert.equal((await ask('PV-9999')).statusCode, 400);
  });
});

describe('test calls', () => {
  const post = (payload: unknown, headers: Record<string, string> = {}): Promise<[number, string | undefined]> =>
    status({
      method: 'POST',
      url: '/debug/v1/test-calls',
      headers: { host: OURS, 'content-type': 'application/json', ...headers },
      payload: JSON.stringify(payload),
    });

  it('are placed with number, caller and keys', async () => {
    assert.deepEqual(await post({ number: '2030', press: ['1', 'w2#'] }, { origin: `http://${OURS}` }), [
      202,
      undefined,
    ]);
    assert.deepEqual(placed, [{ number: '2030', from: '+15550100', press: ['1', 'w2#'] }]);
  });

  it('are placed by no other web site', async () => {
    for (const headers of [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:9999' },
      { 'sec-fetch-site': 'cross-site' },
    ])
      assert.deepEqual(await post({ number: '2030' }, headers), FOREIGN, JSON.stringify(headers));
    // What a form can send without asking first.
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const [code] = await post({ number: '2030' }, { 'content-type': type });
      assert.ok(code === 415 || code === 400, `${type}: ${code}`);
    }
    assert.deepEqual(
      await status({
        method: 'DELETE',
        url: '/debug/v1/test-calls/call-1',
        headers: { host: OURS, origin: 'http://evil.example' },
      }),
      FOREIGN,
    );
    assert.deepEqual([placed, hungUp], [[], []]);
  });

  it('are placed to what is a number alone', async () => {
    for (const body of [
      null,
      [],
      {},
      { number: 2030 },
      { number: '' },
      { number: 'a b' },
      { number: '1@evil.example' },
      { number: '1\r\nX: y' },
      { number: 'x'.repeat(65) },
      { number: '1', from: '<sip:a>' },
      { number: '1', press: 'x' },
      { number: '1', press: ['e'] },
      { number: '1', press: Array(51).fill('1') },
    ])
      assert.deepEqual(await post(body), BAD, JSON.stringify(body));
    assert.deepEqual(placed, []);
  });

  it('are ten at once', async () => {
    for (let count = 0; count < 10; count += 1) assert.equal((await post({ number: '1' }))[0], 202);
    assert.deepEqual(await post({ number: '1' }), [503, debugCodes.tooBusy.code]);
    ends[0]?.();
    await new Promise(setImmediate);
    assert.equal((await post({ number: '1' }))[0], 202);
  });

  it('have keys pressed in them', async () => {
    const press = (
      id: string,
      keys: unknown,
      headers: Record<string, string> = {},
    ): Promise<[number, string | undefined]> =>
      status({
        method: 'POST',
        url: `/debug/v1/test-calls/${id}/keys`,
        headers: { host: OURS, 'content-type': 'application/json', ...headers },
        payload: JSON.stringify({ keys }),
      });
    assert.deepEqual(await press('call-1', '42#'), [204, undefined]);
    assert.deepEqual(await press('call-9', '1'), [404, debugCodes.noCall.code]);
    for (const keys of ['', 'x', 1, null, ['1'], '1'.repeat(65)]) assert.deepEqual(await press('call-1', keys), BAD);
    assert.deepEqual(await press('call-1', '1', { origin: 'http://evil.example' }), FOREIGN);
    assert.deepEqual(pressed, ['call-1 42#', 'call-9 1']);
  });

  it('can be hung up', async () => {
    const hangUp = (id: string): Promise<[number, string | undefined]> =>
      status({ method: 'DELETE', url: `/debug/v1/test-calls/${id}`, headers: { host: OURS } });
    assert.deepEqual(await hangUp('call-1'), [204, undefined]);
    assert.deepEqual(await hangUp('call-9'), [404, debugCodes.noCall.code]);
  });
});
