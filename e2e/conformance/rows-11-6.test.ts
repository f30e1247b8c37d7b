/** Section 11.6: what the debug API shows of a call. */
import assert from 'node:assert/strict';
import { callflow, twiml } from '../web.ts';
import { type Bench, conformance, FAILBACK, FAILED_BACK } from './system.ts';

/** An entry of the log of one call, with the names of section 7.1. */
type Entry = Readonly<Record<string, unknown>> & {
  readonly schema_errors?: readonly { readonly pointer: string; readonly message: string }[];
};

/** What only `debug: true` shows. */
const SHOWN_BY_DEBUG = ['req_headers', 'req_body', 'resp_headers', 'resp_body'];

async function api({ pivot }: Bench, path = ''): Promise<readonly Entry[]> {
  const response = await fetch(`${pivot.http}/v2/accounts/default/pivot/debug${path}`);
  assert.equal(response.status, 200);
  const { data, status } = (await response.json()) as { data: readonly Entry[]; status: string };
  assert.equal(status, 'success');
  return data;
}

function spec(url: string, debug: boolean, failback: object = FAILBACK): object {
  return { pivot: { voice_url: `${url}/?own=1`, method: 'post', req_format: 'twiml', debug }, failback };
}

/** The log of one call that is over, oldest entry first. */
async function logOf(bench: Bench, callId: string): Promise<readonly Entry[]> {
  return [...(await api(bench, `/${encodeURIComponent(callId)}`))].reverse();
}

conformance('11.6 debug', [
  {
    id: '11.6.1',
    specs: (url) => ({ off: spec(url, false) }),
    async test(bench) {
      bench.web.on('/', twiml('<Redirect method="GET">/n</Redirect>'));
      bench.web.on('/n', twiml('<Hangup/>'));
      const { phone, trace, over } = await bench.call();
      const { asked } = await over();
      assert.equal(asked.length, 2);
      const [post, get] = asked.map(({ span }) => span);
      assert.equal(post?.attributes['http.response.status_code'], 200);
      assert.equal(get?.attributes['http.response.status_code'], 200);
      // What Pivot adds to the query of a GET is the same as the body of a POST.
      assert.equal(get.attributes['url.full'], `${bench.web.url}/n`);
      for (const { attributes } of [post!, get]) {
        const names = Object.keys(attributes).filter((name) => /\.(body|headers)(\.truncated)?$/.test(name));
        assert.deepEqual(names, []);
      }
      assert.ok(!JSON.stringify(trace.events).includes('AccountSid'));
      for (const entry of await logOf(bench, phone.callId)) {
        assert.deepEqual(
          Object.keys(entry).filter((name) => SHOWN_BY_DEBUG.includes(name)),
          [],
        );
        assert.equal(entry['resp_status_code'], '200');
      }
    },
  },
  {
    id: '11.6.2',
    specs: (url) => ({ off: spec(url, false) }),
    async test(bench) {
      bench.web.on('/', callflow({ module: 'tts', data: {} }));
      const { phone, over } = await bench.call();
      const { asked, said } = await over();
      const event = asked[0]?.span.events.find(({ name }) => name === 'pivot.error');
      assert.equal(event?.attributes['pivot.error.code'], 'PV-1236');
      assert.deepEqual(said, [FAILED_BACK]);
      const [entry] = await logOf(bench, phone.callId);
      assert.equal(entry?.schema_errors?.length, 1);
      assert.match(entry.schema_errors[0]!.pointer, /^\/data/);
      assert.match(entry.schema_errors[0]!.message, /text/);
      assert.equal(entry['resp_body'], undefined);
    },
  },
  {
    id: '11.6.3',
    specs: (url) => ({ on: spec(url, true) }),
    async test(bench) {
      const before = Math.floor(Date.now() / 1000) + 62_167_219_200;
      bench.web.on('/', twiml('<Redirect method="GET">/n</Redirect>'));
      bench.web.on('/n', twiml('<Hangup/>'));
      const { phone, over } = await bench.call();
      await over();
      const entries = await logOf(bench, phone.callId);
      assert.equal(entries.length, 2);
      const [post, get] = entries;
      const [first, second] = bench.web.requests;
      for (const [index, entry] of entries.entries()) {
        assert.equal(entry['call_id'], phone.callId);
        assert.equal(entry['iteration'], index + 1);
        assert.equal(entry['resp_status_code'], '200');
        assert.equal(typeof entry['node'], 'string');
        assert.match(String(entry['debug_id']), new RegExp(`^\\d{6}-${phone.callId}$`));
        assert.ok(Number(entry['created']) >= before && Number(entry['created']) < before + 60);
        const headers = entry['resp_headers'] as Record<string, string>;
        assert.equal(headers['content-type'], 'text/xml');
      }
      assert.equal(post?.['method'], 'post');
      assert.equal(post['uri'], `${bench.web.url}/?own=1`);
      assert.equal(post['req_body'], first?.body);
      assert.equal(post['resp_body'], '<Response><Redirect method="GET">/n</Redirect></Response>');
      const sent = post['req_headers'] as Record<string, string>;
      assert.equal(sent['content-type'], 'application/x-www-form-urlencoded');
      assert.match(sent['user-agent'] ?? '', /^Pivot\//);
      assert.equal(get?.['method'], 'get');
      assert.equal(get['uri'], `${bench.web.url}${second?.target}`);
      // The debug_id gives the same, the oldest first.
      assert.deepEqual(await api(bench, `/${encodeURIComponent(String(post['debug_id']))}`), entries);
    },
  },
  {
    id: '11.6.4',
    specs: (url) => ({
      on: spec(url, true, { module: 'hangup', data: {} }),
      off: spec(url, false, { module: 'hangup', data: {} }),
    }),
    async test(bench) {
      bench.web.on('/', twiml('<Redirect>/n</Redirect>'));
      const second = {
        fine: twiml('<Hangup/>'),
        json: { headers: { 'content-type': 'application/json' }, body: '{"module": "tts",}' },
        schema: callflow({ module: 'tts', data: {} }),
        status: { status: 500, body: 'Traceback' },
      };
      for (const debug of ['on', 'off']) {
        for (const [what, answer] of Object.entries(second)) {
          bench.web.on('/n', answer);
          const { phone, over } = await bench.call(debug);
          await over();
          const rows = (await api(bench)).filter(({ call_id }) => call_id === phone.callId);
          assert.equal(rows.length, 1);
          const [row] = rows;
          assert.equal(row?.['iteration'], 1);
          assert.equal(row['uri'], `${bench.web.url}/?own=1`);
          assert.equal(row['status_code'], '200');
          assert.equal(row['has_json_errors'], what === 'json', what);
          assert.equal(row['has_schema_errors'], what === 'schema', what);
          assert.equal(row['has_errors'], what !== 'fine', what);
        }
      }
    },
  },
]);
