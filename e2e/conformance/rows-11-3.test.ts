/** Section 11.3, response dispatch: what a call makes of an answer. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { callflow, twiml } from '../web.ts';
import type { Story } from './story.ts';
import { asks, type Bench, conformance, FAILED_BACK } from './system.ts';

const SAY = '<Response><Say>Hi</Say></Response>';
const TTS = JSON.stringify({ module: 'tts', data: { text: 'Hi' } });

/** One call to a web server that answers so. */
async function answered({ web, call }: Bench, type: string, body: string): Promise<Story> {
  web.on('/', { headers: { 'content-type': type }, body });
  return (await call()).over();
}

function runs(story: Story, format: 'twiml' | 'callflow', said: string, ...warnings: readonly string[]): void {
  assert.deepEqual(story.errors, []);
  assert.deepEqual(story.warnings, warnings);
  assert.deepEqual(story.exchanges, ['POST / 200']);
  assert.equal(story.asked[0]?.span.attributes['pivot.webhook.translator'], format);
  assert.deepEqual(story.said, [said]);
  assert.equal(story.end.by, 'remote');
}

/** The first exchange failed with this code, and the caller heard the failback. */
function failed(story: Story, code: string): void {
  assert.deepEqual(story.exchanges, [`POST / ${code}`]);
  assert.deepEqual(story.said, [FAILED_BACK]);
  assert.equal(story.end.by, 'remote');
}

conformance('11.3 response dispatch', [
  {
    id: '11.3.1',
    test: async (bench) => runs(await answered(bench, 'text/xml; charset=utf-8', SAY), 'twiml', 'Hi'),
  },
  {
    id: '11.3.2',
    test: async (bench) => runs(await answered(bench, 'Application/JSON', TTS), 'callflow', 'Hi'),
  },
  { id: '11.3.3', test: async (bench) => runs(await answered(bench, 'text/html', SAY), 'twiml', 'Hi') },
  { id: '11.3.4', test: async (bench) => runs(await answered(bench, 'text/plain', TTS), 'callflow', 'Hi') },
  {
    id: '11.3.5',
    async test({ web, call }) {
      // Node’s own server may not leave the type out; a redirect leads to one that does.
      const untyped = createServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', () =>
          socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ${SAY.length}\r\n\r\n${SAY}`),
        );
      }).listen(0, '127.0.0.1');
      await once(untyped, 'listening');
      const address = untyped.address();
      const port = typeof address === 'object' ? address?.port : undefined;
      web.on('/', { status: 307, headers: { location: `http://127.0.0.1:${port}/` }, body: '' });
      const { over } = await call();
      runs(await over(), 'twiml', 'Hi');
      untyped.close();
    },
  },
  {
    id: '11.3.6',
    async test(bench) {
      const story = await answered(bench, 'application/json', SAY);
      failed(story, 'PV-1231');
      assert.match(story.asked[0]?.message ?? '', /declared json .*, looks like xml/);
    },
  },
  {
    id: '11.3.7',
    test: async (bench) => failed(await answered(bench, 'text/xml', '<response/>'), 'PV-1235'),
  },
  { id: '11.3.8', test: async (bench) => failed(await answered(bench, 'text/xml', ''), 'PV-1225') },
  {
    id: '11.3.9',
    specs: (url) => ({
      ...Object.fromEntries(['204', '404', '500'].map((status) => [status, asks(`${url}/${status}`)])),
      refused: asks('http://127.0.0.1:9/refused'),
      dns: asks('http://nowhere.invalid/dns'),
      tls: asks(`${url.replace('http:', 'https:')}/tls`),
      slow: asks(`${url}/slow`, { req_timeout_ms: 700 }),
    }),
    async test({ web, call }) {
      for (const status of [204, 404, 500]) web.on(`/${status}`, { status, body: '' });
      web.on('/slow', 'never');
      const expected = {
        204: 'PV-1223',
        404: 'PV-1221',
        500: 'PV-1222',
        refused: 'PV-1203',
        dns: 'PV-1202',
        tls: 'PV-1205',
        slow: 'PV-1206',
      };
      const callOf = async ([spec, code]: [string, string]): Promise<void> => {
        const story = await (await call(spec)).over();
        assert.deepEqual(story.exchanges, [`POST /${spec} ${code}`]);
        assert.deepEqual(story.said, [FAILED_BACK], spec);
        const { ms } = story.asked[0]!;
        assert.ok(ms < (spec === 'slow' ? 1700 : 5000), `${spec} took ${ms} ms`);
      };
      await Promise.all(Object.entries(expected).map(callOf));
    },
  },
  {
    id: '11.3.10',
    async test({ web, call }) {
      web.on('/', { status: 500, body: 'Traceback' });
      const story = await (await call()).over();
      assert.deepEqual(story.steps, ['action pivot', 'action tts']);
      assert.deepEqual(story.said, [FAILED_BACK]);
      assert.equal(story.answered, true);
    },
  },
  {
    id: '11.3.11',
    specs: (url) => ({ bare: { pivot: { voice_url: `${url}/` } } }),
    async test({ web, call }) {
      web.on('/', { status: 500, body: 'Traceback' });
      const story = await (await call()).over();
      assert.equal(story.answered, false);
      assert.equal(story.end.by, 'rejected');
      assert.equal(story.end.status, 503);
      assert.deepEqual(story.said, []);
    },
  },
  {
    id: '11.3.12',
    note: 'the design decides otherwise: `_` is used on any exchange',
    specs: (url) => ({ failback: asks(`${url}/`), bare: { pivot: { voice_url: `${url}/` } } }),
    async test({ web, call }) {
      web.on('/', twiml('<Say>Hi</Say><Redirect>/n</Redirect>'));
      web.on('/n', { status: 500, body: 'Traceback' });
      const withFailback = await (await call('failback')).over();
      assert.deepEqual(withFailback.exchanges, ['POST / 200', 'POST /n PV-1222']);
      assert.deepEqual(withFailback.said, ['Hi', FAILED_BACK]);
      const bare = await (await call('bare')).over();
      assert.deepEqual(bare.exchanges, ['GET / 200', 'POST /n PV-1222']);
      assert.deepEqual(bare.said, ['Hi']);
      assert.equal(bare.end.by, 'remote');
      assert.match(bare.end.reasonHeader ?? '', /cause=41/);
    },
  },
  {
    id: '11.3.13',
    async test({ web, call }) {
      web.on('/', { status: 302, headers: { location: '/sub/doc' }, body: '' });
      web.on('/sub/doc', twiml('<Redirect>next</Redirect>'));
      web.on('/sub/next', twiml('<Say>Hi</Say>'));
      const { over } = await call();
      const { said, errors } = await over();
      assert.deepEqual(errors, []);
      assert.deepEqual(
        web.requests.map(({ method, path }) => `${method} ${path}`),
        ['POST /', 'GET /sub/doc', 'POST /sub/next'],
      );
      assert.deepEqual(said, ['Hi']);
    },
  },
  {
    id: '11.3.14',
    note: '5 are followed',
    specs: (url) => ({ five: asks(`${url}/1`), six: asks(`${url}/0`) }),
    async test({ web, call }) {
      for (let hop = 0; hop <= 5; hop += 1) {
        web.on(`/${hop}`, { status: 302, headers: { location: `/${hop + 1}` }, body: '' });
      }
      web.on('/6', twiml('<Say>Hi</Say>'));
      assert.deepEqual((await (await call('five')).over()).said, ['Hi']);
      const story = await (await call('six')).over();
      assert.equal(story.asked[0]?.code, 'PV-1215');
      assert.deepEqual(story.said, [FAILED_BACK]);
    },
  },
  {
    id: '11.3.15',
    async test({ web, call, pivot }) {
      web.on('/', callflow({ module: 'nope', data: {} }));
      const { phone, over } = await call();
      failed(await over(), 'PV-1236');
      const log = await fetch(`${pivot.http}/v2/accounts/default/pivot/debug/${encodeURIComponent(phone.callId)}`);
      const { data } = (await log.json()) as { data: { schema_errors: { pointer: string; message: string }[] }[] };
      assert.equal(data[0]?.schema_errors[0]?.pointer, '/module');
      assert.match(data[0].schema_errors[0].message, /"nope"/);
    },
  },
  {
    id: '11.3.16',
    async test({ web, call }) {
      web.on('/', callflow({ flow: { module: 'tts', data: { text: 'x' } } }));
      runs(await (await call()).over(), 'callflow', 'x', 'PV-1151');
    },
  },
  {
    id: '11.3.17',
    async test(bench) {
      const body = '<!DOCTYPE Response [<!ENTITY e "Hi">]><Response><Say>&e;</Say></Response>';
      const story = await answered(bench, 'text/xml', body);
      failed(story, 'PV-1235');
      assert.match(story.asked[0]?.message ?? '', /PV-1303/);
    },
  },
  {
    id: '11.3.18',
    specs: (url) => ({ failback: asks(`${url}/`), spoken: asks(`${url}/spoken`) }),
    async test({ web, call }) {
      web.on('/', twiml(''));
      const ringing = await (await call('failback')).over();
      assert.deepEqual(ringing.errors, []);
      assert.deepEqual(ringing.warnings, []);
      assert.deepEqual(ringing.said, []);
      assert.equal(ringing.end.by, 'rejected');
      assert.equal(ringing.end.status, 480);
      web.on('/spoken', twiml('<Say>Hi</Say><Redirect>/</Redirect>'));
      const answeredCall = await (await call('spoken')).over();
      assert.deepEqual(answeredCall.errors, []);
      assert.deepEqual(answeredCall.said, ['Hi']);
      assert.equal(answeredCall.end.by, 'remote');
      assert.match(answeredCall.end.reasonHeader ?? '', /cause=16/);
    },
  },
]);
