/** What must stay secret stands in nothing that leaves: exported traces, the debug API, its streams, the page, metrics, the output of `pivot up`. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createPhones, type Phones } from '../../media-worker/softswitch/phone.ts';
import { type Collector, startCollector } from '../collector.ts';
import { trunkManifest } from '../dialling.ts';
import { callflowManifest, type Pivot, startPivot } from '../harness.ts';
import { type Answer, callflow, startWeb, twiml, type Web, type WebRequest } from '../web.ts';
import { chromiumPath, startBrowser } from './browser.ts';

/** Each stands in one place alone, so that a finding says which. */
const SECRETS = {
  header: 'hdr-5c1e7b',
  signingKey: 'key-9f3a2d',
  urlPassword: 'pwd-77e0c4',
  responseCookie: 'cookie-41d8aa',
  authorization: 'auth-c0ffee',
  digits: '738164',
  playPassword: 'pwd-b1d0e2',
  actionPassword: 'pwd-3ac9f1',
  uploadPassword: 'pwd-90aa17',
  callbackPassword: 'pwd-e5d7c3',
  cdrPassword: 'pwd-64f2b8',
  fallbackPassword: 'pwd-1f8e6d',
  noticePassword: 'pwd-7c2a9e',
  legPassword: 'pwd-d90b44',
  sipPassword: 'sip-a83f10',
  devicePassword: 'dev-5e21cc',
};

/** A carrier that wants a password, and gets it by digest. */
const TRUNK_NUMBER = '+13145550106';
const withUser = (url: string, password: string): string => url.replace('http://', `http://ann:${password}@`);

describe('the debug log', () => {
  let web: Web;
  let pivot: Pivot;
  let phones: Phones;
  let callees: Phones;
  let collector: Collector;
  const said: string[] = [];

  before(async () => {
    web = await startWeb();
    web.on('/collect', () =>
      callflow({
        module: 'collect_dtmf',
        data: { max_digits: 6, sensitive: true, collection_name: 'pin' },
        children: {
          _: {
            module: 'pivot',
            data: { voice_url: `${web.url}/after`, debug: true, method: 'post' },
            children: {},
          },
        },
      }),
    );
    // It says what was typed, which nobody may see all the same.
    web.on('/after', ({ parameters }) => ({
      headers: { 'content-type': 'text/xml', 'set-cookie': `session=${SECRETS.responseCookie}` },
      body: `<Response><Say>You typed ${parameters.get('Digits[pin]') ?? parameters.get('Digits')}.</Say><Sing>${SECRETS.digits}</Sing><Hangup/></Response>`,
    }));
    const withPassword = withUser(web.url, SECRETS.urlPassword);
    callees = await createPhones();
    collector = await startCollector();
    web.on('/all', (request) => {
      const { parameters } = request;
      if (parameters.has('DialCallStatus')) return echo(request);
      if (parameters.has('RecordingUrl')) {
        const noun = `<Number statusCallback="${withUser(web.url, SECRETS.legPassword)}/leg" statusCallbackEvent="initiated completed">${TRUNK_NUMBER}</Number>`;
        return twiml(`<Dial action="${withUser(web.url, SECRETS.actionPassword)}/all">${noun}</Dial>`);
      }
      return twiml(
        `<Play>${withUser(web.url, SECRETS.playPassword)}/missing.wav</Play>
        <Record maxLength="1" timeout="0" playBeep="false" action="/all" recordingUrl="${withUser(web.url, SECRETS.uploadPassword)}/store"
          recordingStatusCallback="${withUser(web.url, SECRETS.callbackPassword)}/status"/>`,
      );
    });
    // A server that gives back what it was told, in a document that cannot be read.
    const echo = ({ headers }: WebRequest): Answer => ({
      headers: { 'content-type': 'application/json' },
      body: `{"module": "${headers['x-api-key']} ${headers['authorization']}" "${withUser(web.url, SECRETS.actionPassword)}"`,
    });
    pivot = await startPivot({
      manifests: {
        'collect.yaml': callflowManifest('collect', ['2030'], {
          pivot: {
            voice_url: `${withPassword}/collect`,
            debug: true,
            custom_request_headers: [
              { name: 'X-Api-Key', valueFrom: { secretKeyRef: { name: 'app', key: 'token' } } },
              { name: 'Authorization', value: `Bearer ${SECRETS.authorization}` },
            ],
            signing: { secretRef: { name: 'app', key: 'signing' } },
          },
        }),
        'all.yaml': callflowManifest('all', ['2031'], {
          flow: {
            module: 'webhook',
            data: { uri: `${withUser(web.url, SECRETS.noticePassword)}/notice` },
            children: {
              _: {
                module: 'pivot',
                data: {
                  voice_url: `${withPassword}/all`,
                  method: 'post',
                  req_format: 'twiml',
                  debug: true,
                  cdr_url: `${withUser(web.url, SECRETS.cdrPassword)}/cdr`,
                  fallback_url: `${withUser(web.url, SECRETS.fallbackPassword)}/fallback`,
                  custom_request_headers: [
                    { name: 'X-Api-Key', valueFrom: { secretKeyRef: { name: 'app', key: 'token' } } },
                    { name: 'Authorization', value: `Bearer ${SECRETS.authorization}` },
                  ],
                  signing: { secretRef: { name: 'app', key: 'signing' } },
                },
                children: {},
              },
            },
          },
        }),
        'trunk.yaml': trunkManifest('carrier', [callees.sipPort], {
          allowedPrefixes: ['+1314'],
          credentials: { username: 'acme', passwordSecretRef: { name: 'app', key: 'sip' } },
        }),
        'device.yaml': {
          apiVersion: 'pivot.voice/v1alpha1',
          kind: 'PivotDevice',
          metadata: { name: 'desk' },
          spec: { credentials: { username: 'desk', passwordSecretRef: { name: 'app', key: 'device' } } },
        },
        'secret.yaml': {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: 'app' },
          stringData: {
            token: SECRETS.header,
            signing: SECRETS.signingKey,
            sip: SECRETS.sipPassword,
            device: SECRETS.devicePassword,
          },
        },
      },
      options: ['--log', 'debug', '--otlp', collector.url],
    });
    phones = await createPhones();
  });

  after(async () => {
    await phones?.close();
    await callees?.close();
    await pivot?.dispose();
    await web?.close();
    await collector?.close();
  });

  async function hear(path: string): Promise<string> {
    const text = await (await fetch(`${pivot.http}${path}`)).text();
    said.push(text);
    return text;
  }

  /** The digest that the carrier got: whoever has it can try passwords on it. */
  let digestResponse = '';

  /** One call, by a device that proves who it is, that meets every other place where a secret may stand; and what is still done afterwards. */
  async function callWithEverything(): Promise<void> {
    const phone = await phones.placeCall({
      number: '2031',
      from: 'desk',
      sip: pivot.sip,
      credentials: { username: 'desk', password: SECRETS.devicePassword },
    });
    const asked = await callees.ringing(TRUNK_NUMBER);
    asked.reject(401, { 'WWW-Authenticate': 'Digest realm="carrier", nonce="abc", algorithm=MD5, qop="auth"' });
    const proven = await callees.ringing(TRUNK_NUMBER);
    digestResponse = /response="?([0-9a-f]{32})/.exec(proven.header('Authorization') ?? '')?.[1] ?? '';
    assert.match(digestResponse, /^[0-9a-f]{32}$/);
    proven.reject(486);
    await phone.ended;
    for (const path of ['/notice', '/fallback', '/cdr', '/leg', '/status']) await web.request(path);
    const id = encodeURIComponent(phone.callId);
    const { data } = JSON.parse(await hear(`/v2/accounts/default/pivot/debug/${id}`)) as { data: object[] };
    assert.ok(data.length > 0);
    await hear(`/v2/accounts/default/pivot/debug/${id}/events`);
    const { calls } = JSON.parse(await hear('/debug/v1/calls')) as { calls: Record<string, string>[] };
    const trace = calls.find(({ call_id }) => call_id === phone.callId)?.['trace_id'];
    const story = JSON.parse(await hear(`/debug/v1/calls/${trace}`)) as { exchanges: { id: string }[] };
    assert.ok(story.exchanges.length >= 4);
    for (const exchange of story.exchanges) await hear(`/debug/v1/calls/${trace}/exchanges/${exchange.id}`);
    await hear(`/debug/v1/calls/${trace}/events`);
  }

  test('has what was sent, and none of its secrets', { timeout: 120_000 }, async (t) => {
    const phone = await phones.placeCall({ number: '2030', from: '+15550001', sip: pivot.sip });
    await phone.answered;
    // The call may be over before the last key is released.
    await phone.press(SECRETS.digits).catch(() => {});
    await phone.ended;
    const first = await web.request('/collect');
    assert.equal(first.headers['x-api-key'], SECRETS.header);
    assert.match(String(first.headers.authorization), /^B/);
    assert.ok((await web.request('/after')).body.includes(SECRETS.digits), 'the web server gets the digits');

    await callWithEverything();

    const rows = JSON.parse(await hear('/v2/accounts/default/pivot/debug')) as { data: Record<string, string>[] };
    const row = rows.data.find(({ call_id }) => call_id === phone.callId);
    const id = encodeURIComponent(row?.['call_id'] ?? '');
    const entries = await hear(`/v2/accounts/default/pivot/debug/${id}`);
    assert.match(entries, /x-api-key/i, 'the header is there, its value is not');
    await hear(`/v2/accounts/default/pivot/debug/${id}/events`);
    await hear('/debug/v1/calls');
    await hear('/debug/v1/callflows');
    const story = JSON.parse(await hear(`/debug/v1/calls/${row?.['trace_id']}`)) as { exchanges: { id: string }[] };
    assert.equal(story.exchanges.length, 2);
    for (const exchange of story.exchanges) await hear(`/debug/v1/calls/${row?.['trace_id']}/exchanges/${exchange.id}`);
    await hear(`/debug/v1/calls/${row?.['trace_id']}/events`);
    await hear('/metrics');
    said.push(pivot.program.lines.join('\n'));

    const chromium = chromiumPath();
    if (chromium === undefined) t.diagnostic('no Chromium: the page was not looked at');
    else {
      const browser = await startBrowser(chromium);
      t.after(() => browser.close());
      const { page } = await browser.open(`${pivot.http}/#/calls/${row?.['trace_id']}`);
      for (const summary of await page.locator('.exchange:not([open]) > summary').all()) await summary.click();
      await page.locator('.exchange[open] .side').nth(3).waitFor();
      said.push(await page.content());
      await page.getByRole('link', { name: 'All calls' }).click();
      await page.locator('table.calls tbody tr').first().waitFor();
      said.push(await page.content());
    }
    // What was left leaves at the stop.
    await pivot.stop();
    said.push(pivot.program.lines.join('\n'), ...collector.bytes.map(String));
    assert.ok(collector.spans.length > 30, 'traces were exported');
    const proofs = web.requests.flatMap(({ headers }) =>
      ['x-pivot-signature', 'x-twilio-signature', 'cookie'].flatMap((name) => headers[name] ?? []),
    );
    assert.ok(proofs.length > 4, 'requests were signed');
    const secrets = {
      ...SECRETS,
      ...Object.fromEntries(proofs.map((proof, index) => [`proof ${index}`, String(proof)])),
    };
    for (const [name, secret] of Object.entries({ ...secrets, digest: digestResponse })) {
      const where = said
        .filter((text) => text.includes(secret))
        .map((text) => text.slice(Math.max(0, text.indexOf(secret) - 200), text.indexOf(secret) + 60));
      assert.deepEqual(where, [], name);
    }
  });
});
