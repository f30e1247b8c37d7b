/** Section 11.2, request building: what the web server of a real call received, byte for byte. */
import assert from 'node:assert/strict';
import { startWeb, twiml, type WebRequest } from '../web.ts';
import { asks, type Bench, conformance, FAILBACK, pivotNode } from './system.ts';

const BYE = twiml('<Hangup/>');

/** Runs `data` (set_variables, …) before a pivot action. */
function after(module: string, data: object, pivot: object): object {
  return { flow: { module, data, children: { _: pivotNode(pivot) } } };
}

async function asked({ web, call }: Bench, spec: string, path = '/'): Promise<WebRequest> {
  const { over } = await call(spec);
  const request = await web.request(path);
  await over();
  return request;
}

conformance('11.2 request building', [
  {
    id: '11.2.1',
    specs: (url) => ({ get: asks(`${url}/p?lang=de#z`, { method: 'get' }) }),
    async test(bench) {
      bench.web.on('/p', BYE);
      const { method, target, body } = await asked(bench, 'get', '/p');
      assert.equal(method, 'GET');
      assert.match(target, /^\/p\?lang=de&CallSid=[^#]+$/);
      assert.equal(body, '');
    },
  },
  {
    id: '11.2.2',
    specs: (url) => {
      const data = { custom_application_vars: { v: 'a b&c=d+é' } };
      return {
        get: after('set_variables', data, { voice_url: `${url}/` }),
        post: after('set_variables', data, { voice_url: `${url}/`, method: 'post' }),
      };
    },
    async test(bench) {
      bench.web.on('/', BYE);
      assert.match((await asked(bench, 'get')).target, /[?&]Custom-Application-Vars\[v\]=a\+b%26c%3Dd%2B%C3%A9(&|$)/);
      assert.match((await asked(bench, 'post')).body, /(^|&)Custom-Application-Vars\[v\]=a\+b%26c%3Dd%2B%C3%A9(&|$)/);
    },
  },
  {
    id: '11.2.3',
    specs: (url) => ({
      kazoo: after('set_variables', { custom_application_vars: { tier: 'gold' } }, { voice_url: `${url}/` }),
      twiml: after(
        'set_variables',
        { custom_application_vars: { tier: 'gold' } },
        { voice_url: `${url}/`, req_format: 'twiml' },
      ),
    }),
    async test(bench) {
      bench.web.on('/', BYE);
      for (const format of ['kazoo', 'twiml']) {
        assert.match((await asked(bench, format)).target, /[?&]Custom-Application-Vars\[tier\]=gold(&|$)/, format);
      }
    },
  },
  {
    id: '11.2.4',
    specs: (url) => ({
      get: { pivot: { voice_url: `${url}/` }, failback: FAILBACK },
      post: { pivot: { voice_url: `${url}/`, method: 'post' }, failback: FAILBACK },
    }),
    async test(bench) {
      bench.web.on('/', BYE);
      for (const text of [(await asked(bench, 'get')).target.slice(2), (await asked(bench, 'post')).body]) {
        assert.doesNotMatch(text, /Custom-Application-Vars/);
        assert.doesNotMatch(text, /&&|^&|&$/);
        assert.match(text, /^Account-ID=default&Api-Version=4\.x&Call-ID=/);
      }
    },
  },
  {
    id: '11.2.5',
    note: 'no caller has owners until PivotUser and PivotDevice exist: the parameter is absent',
    specs: (url) => ({ kazoo: { pivot: { voice_url: `${url}/` }, failback: FAILBACK } }),
    async test(bench) {
      bench.web.on('/', BYE);
      assert.doesNotMatch((await asked(bench, 'kazoo')).target, /User-ID/);
    },
  },
  {
    id: '11.2.6',
    specs: (url) => {
      const collect = { max_digits: 4, collection_name: 'my_dtmf' };
      return {
        form: after('collect_dtmf', collect, { voice_url: `${url}/form`, method: 'post' }),
        json: after('collect_dtmf', collect, { voice_url: `${url}/json`, method: 'post', req_body_format: 'json' }),
      };
    },
    async test({ web, call }) {
      for (const format of ['form', 'json']) {
        web.on(`/${format}`, BYE);
        const { phone, trace, press, over } = await call(format);
        await Promise.all([phone.answered, trace.started('action collect_dtmf')]);
        await press('1234');
        const { body, headers } = await web.request(`/${format}`);
        if (format === 'form') {
          assert.equal(headers['content-type'], 'application/x-www-form-urlencoded');
          assert.match(body, /(^|&)Digits\[my_dtmf\]=1234(&|$)/);
        } else {
          assert.equal(headers['content-type'], 'application/json');
          assert.deepEqual(JSON.parse(body).Digits, { my_dtmf: '1234' });
        }
        await over();
      }
    },
  },
  {
    id: '11.2.7',
    async test({ web, call }) {
      web.on('/', twiml('<Set><Variable key="CallSid" value="x"/></Set><Redirect>/n</Redirect>'));
      web.on('/n', BYE);
      const { phone, over } = await call();
      const { parameters } = await web.request('/n');
      assert.deepEqual(parameters.getAll('CallSid'), [phone.callId]);
      assert.deepEqual((await over()).warnings, ['PV-1364']);
    },
  },
  {
    id: '11.2.8',
    specs: (url) => ({ get: asks(`${url}/`, { method: 'get', req_body_format: 'json' }) }),
    async test(bench) {
      bench.web.on('/', BYE);
      const { method, target, body, headers } = await asked(bench, 'get');
      assert.equal(method, 'GET');
      assert.match(target, /^\/\?CallSid=/);
      assert.equal(body, '');
      assert.equal(headers['content-type'], undefined);
    },
  },
  {
    id: '11.2.9',
    specs: (url) => ({
      get: asks(`${url.replace('://', '://u:p%40ss@')}/`, { method: 'get' }),
      post: asks(`${url.replace('://', '://u:p%40ss@')}/`),
    }),
    async test({ web, call, pivot }) {
      web.on('/', BYE);
      for (const method of ['get', 'post']) {
        const { phone, trace, over } = await call(method);
        const { headers } = await web.request('/');
        assert.equal(headers.authorization, `Basic ${Buffer.from('u:p@ss').toString('base64')}`);
        await over();
        const log = await fetch(`${pivot.http}/v2/accounts/default/pivot/debug/${encodeURIComponent(phone.callId)}`);
        const recorded = `${JSON.stringify(trace.events)}${await log.text()}${pivot.program.lines.join('\n')}`;
        for (const secret of ['p%40ss', 'p@ss', 'p%2540ss', Buffer.from('u:p@ss').toString('base64')]) {
          assert.ok(!recorded.includes(secret), `${secret} was recorded`);
        }
      }
    },
  },
  {
    id: '11.2.10',
    note: 'and on none to another',
    specs: (url) => ({ header: asks(`${url}/`, { custom_request_headers: [{ name: 'X-Key', value: '1' }] }) }),
    async test({ web, call }) {
      const other = await startWeb();
      // Headers hold for host names that the manifest has, whatever the port.
      const elsewhere = other.url.replace('127.0.0.1', 'localhost');
      try {
        web.on('/', twiml('<Redirect>/n</Redirect>'));
        web.on('/n', { status: 302, headers: { location: '/m' }, body: '' });
        web.on('/m', twiml(`<Redirect method="GET">${elsewhere}/elsewhere</Redirect>`));
        other.on('/elsewhere', twiml(`<Redirect>${web.url}/back</Redirect>`));
        web.on('/back', { status: 307, headers: { location: `${other.url}/moved` }, body: '' });
        other.on('/moved', BYE);
        const { over } = await call();
        const story = await over();
        assert.deepEqual(story.errors, []);
        const keys = (requests: readonly WebRequest[]): string[] =>
          requests.map(({ method, path, headers }) => `${method} ${path} ${headers['x-key']}`);
        assert.deepEqual(keys(web.requests), ['POST / 1', 'POST /n 1', 'GET /m 1', 'POST /back 1']);
        assert.deepEqual(keys(other.requests), ['GET /elsewhere undefined', 'POST /moved undefined']);
      } finally {
        await other.close();
      }
    },
  },
]);
