/** Section 11.5, Callflow JSON as a web server’s answer. */
import assert from 'node:assert/strict';
import { trunkManifest } from '../dialling.ts';
import { callflow, twiml } from '../web.ts';
import type { Story } from './story.ts';
import { type Bench, conformance, FAILED_BACK, pivotNode } from './system.ts';

const BYE = twiml('<Hangup/>');
/** PV-1156: a child that is never taken, as `_` of `resources`. */
const NEVER_TAKEN = 'PV-1156';

function says(text: string, children: object = {}): object {
  return { module: 'tts', data: { text }, children };
}

/** Somebody is called and is busy; what the call comes to then. */
async function busy({ web, call, callees }: Bench, node: object, user: string): Promise<Story> {
  web.on('/', callflow(node));
  const { over } = await call();
  (await callees.ringing(user)).reject(486);
  return over();
}

/** The trunk that calls to numbers go through, and a user with a telephone. */
function calledManifests(port: number): Readonly<Record<string, object>> {
  const head = (kind: string, name: string) => ({ apiVersion: 'pivot.voice/v1alpha1', kind, metadata: { name } });
  return {
    'trunk.yaml': trunkManifest('carrier', [port]),
    'desk.yaml': { ...head('PivotDevice', 'desk'), spec: { uri: `sip:desk@127.0.0.1:${port}` } },
    'someone.yaml': { ...head('PivotUser', 'someone'), spec: { devices: ['desk'] } },
  };
}

conformance(
  '11.5 Callflow JSON',
  [
    {
      id: '11.5.1',
      async test({ web, call }) {
        web.on('/', callflow({ module: 'tts', data: { text: 'Hi' } }));
        const { phone, over } = await call();
        await phone.answered;
        await phone.ear.untilSound();
        const story = await over();
        assert.deepEqual(story.errors, []);
        assert.deepEqual(story.warnings, []);
        assert.deepEqual(story.said, ['Hi']);
        assert.equal(story.end.by, 'remote');
        assert.match(story.end.reasonHeader ?? '', /cause=16/);
      },
    },
    {
      id: '11.5.2',
      async test({ web, call }) {
        const collect = { module: 'collect_dtmf', data: { max_digits: 4, collection_name: 'my_dtmf' } };
        const second = pivotNode({ voice_url: `${web.url}/second`, method: 'post' });
        web.on('/', callflow(says('Your number', { _: { ...collect, children: { _: second } } })));
        web.on('/second', BYE);
        const { phone, trace, press, over } = await call();
        await Promise.all([phone.answered, trace.started('action collect_dtmf')]);
        await press('1234');
        const { body } = await web.request('/second');
        assert.match(body, /(^|&)Digits\[my_dtmf\]=1234(&|$)/);
        const story = await over();
        assert.deepEqual(story.said, ['Your number']);
        assert.deepEqual(story.exchanges, ['POST / 200', 'POST /second 200']);
      },
    },
    {
      id: '11.5.3',
      async test({ web, call }) {
        const next = pivotNode({ voice_url: `${web.url}/second`, method: 'post' });
        const set = { module: 'set_variables', data: { custom_application_vars: { a: 1 } }, children: { _: next } };
        web.on('/', callflow(set));
        web.on('/second', BYE);
        const { over } = await call();
        assert.match((await web.request('/second')).body, /(^|&)Custom-Application-Vars\[a\]=1(&|$)/);
        await over();
      },
    },
    {
      id: '11.5.4',
      async test(bench) {
        const children = { 'sip:486': says('busy'), _: says('otherwise') };
        const node = { module: 'resources', data: { to_did: '+14155550154' }, children };
        const story = await busy(bench, node, '+14155550154');
        assert.deepEqual(story.errors, []);
        assert.deepEqual(story.said, ['busy']);
      },
    },
    {
      id: '11.5.5',
      async test(bench) {
        const node = { module: 'resources', data: { to_did: '+14155550155' }, children: { _: says('otherwise') } };
        const story = await busy(bench, node, '+14155550155');
        assert.deepEqual(story.warnings, [NEVER_TAKEN]);
        assert.deepEqual(story.said, []);
        assert.equal(story.answered, false);
        assert.equal(story.end.status, 486);
      },
    },
    {
      id: '11.5.6',
      async test(bench) {
        const node = { module: 'user', data: { id: 'someone' }, children: { _: says('otherwise') } };
        const story = await busy(bench, node, 'desk');
        assert.deepEqual(story.errors, []);
        assert.deepEqual(story.said, ['otherwise']);
      },
    },
    {
      id: '11.5.7',
      note: 'with a failback of its own',
      specs: (url) => ({
        first: {
          pivot: { voice_url: `${url}/`, method: 'post' },
          failback: says('the first one’s failback'),
        },
      }),
      async test({ web, call, pivot }) {
        web.on('/', callflow(pivotNode({ voice_url: `${web.url}/second`, req_format: 'twiml', debug: true })));
        web.on('/second', twiml('<Redirect>/third</Redirect>'));
        web.on('/third', { status: 500, body: 'Traceback' });
        const { phone, over } = await call();
        const story = await over();
        assert.deepEqual(story.exchanges, ['POST / 200', 'GET /second 200', 'POST /third PV-1222']);
        assert.deepEqual(
          story.asked.map(({ span }) => span.attributes['pivot.exchange']),
          [1, 2, 3],
        );
        // Its own format, method, debug and failback.
        assert.ok(web.requests[0]?.parameters.has('Account-ID'));
        assert.ok(web.requests[1]?.parameters.has('AccountSid'));
        assert.deepEqual(story.said, [FAILED_BACK]);
        const log = await fetch(`${pivot.http}/v2/accounts/default/pivot/debug/${encodeURIComponent(phone.callId)}`);
        const { data } = (await log.json()) as { data: { iteration: number; resp_body?: string }[] };
        assert.deepEqual(
          data.map(({ iteration, resp_body }) => [iteration, resp_body !== undefined]),
          [
            [3, true],
            [2, true],
            [1, false],
          ],
        );
      },
    },
  ],
  { manifests: calledManifests },
);
