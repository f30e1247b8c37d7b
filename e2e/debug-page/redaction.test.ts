/** What must stay secret stands in nothing that the debug API, its streams, the page or the output of `pivot up` say. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createPhones, type Phones } from '../../media-worker/softswitch/phone.ts';
import { callflowManifest, type Pivot, startPivot } from '../harness.ts';
import { callflow, startWeb, type Web } from '../web.ts';
import { chromiumPath, startBrowser } from './browser.ts';

/** Each stands in one place alone, so that a finding says which. */
const SECRETS = {
  header: 'hdr-5c1e7b',
  signingKey: 'key-9f3a2d',
  urlPassword: 'pwd-77e0c4',
  responseCookie: 'cookie-41d8aa',
  authorization: 'auth-c0ffee',
  digits: '738164',
};

describe('the debug log', () => {
  let web: Web;
  let pivot: Pivot;
  let phones: Phones;
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
    web.on('/after', {
      headers: { 'content-type': 'text/xml', 'set-cookie': `session=${SECRETS.responseCookie}` },
      body: '<Response><Hangup/></Response>',
    });
    const withPassword = web.url.replace('http://', `http://ann:${SECRETS.urlPassword}@`);
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
        'secret.yaml': {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: 'app' },
          stringData: { token: SECRETS.header, signing: SECRETS.signingKey },
        },
      },
      options: ['--log', 'debug'],
    });
    phones = await createPhones();
  });

  after(async () => {
    await phones?.close();
    await pivot?.dispose();
    await web?.close();
  });

  async function hear(path: string): Promise<string> {
    const text = await (await fetch(`${pivot.http}${path}`)).text();
    said.push(text);
    return text;
  }

  test('has what was sent, and none of its secrets', async (t) => {
    const phone = await phones.placeCall({ number: '2030', from: '+15550001', sip: pivot.sip });
    await phone.answered;
    // The call may be over before the last key is released.
    await phone.press(SECRETS.digits).catch(() => {});
    await phone.ended;
    const first = await web.request('/collect');
    assert.equal(first.headers['x-api-key'], SECRETS.header);
    assert.match(String(first.headers.authorization), /^B/);
    assert.ok((await web.request('/after')).body.includes(SECRETS.digits), 'the web server gets the digits');

    const rows = JSON.parse(await hear('/v2/accounts/default/pivot/debug')) as { data: Record<string, string>[] };
    const [row] = rows.data;
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
    for (const [name, secret] of Object.entries(SECRETS)) {
      const where = said
        .filter((text) => text.includes(secret))
        .map((text) => text.slice(Math.max(0, text.indexOf(secret) - 200), text.indexOf(secret) + 60));
      assert.deepEqual(where, [], name);
    }
  });
});
