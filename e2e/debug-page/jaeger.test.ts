/** The debug API over traces in a real Jaeger: the same answers as from memory, and the page that shows them. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createPhones, type Phones } from '../../media-worker/softswitch/phone.ts';
import { type Binaries, controlPlaneBinaries } from '../control-plane/binaries.ts';
import { callflowManifest, type Pivot, startPivot } from '../harness.ts';
import { type Jaeger, startJaeger } from '../jaeger/jaeger.ts';
import { jaegerProgram } from '../jaeger/program.ts';
import { startWeb, twiml, type Web } from '../web.ts';
import { chromiumPath, startBrowser } from './browser.ts';
import { type OperatorCluster, startOperatorCluster } from './cluster.ts';

const jaegerFound = await jaegerProgram();
const planeFound = await controlPlaneBinaries();
const SKIP = jaegerFound.ok ? (planeFound.ok ? false : planeFound.hint) : jaegerFound.hint;
const PATIENCE_MS = 15_000;

type Json = Record<string, unknown>;

describe('the debug API over a real Jaeger', { skip: SKIP }, () => {
  let jaeger: Jaeger;
  let web: Web;
  let pivot: Pivot;
  let phones: Phones;
  let cluster: OperatorCluster;
  let token: string;

  before(async () => {
    jaeger = await startJaeger((jaegerFound as { program: string }).program);
    web = await startWeb();
    web.on('/voice', ({ parameters }) =>
      parameters.has('Digits') ? twiml('<Hangup/>') : twiml('<Gather numDigits="1"><Say>Press 1.</Say></Gather>'),
    );
    web.on('/wait', twiml('<Say>Hi.</Say><Pause length="60"/>'));
    web.on('/broken', { status: 500, body: 'oops' });
    web.on('/bad-xml', { headers: { 'content-type': 'text/xml' }, body: '<Response><Say>Hi</Sai></Response>' });
    web.on('/bad-json', { headers: { 'content-type': 'application/json' }, body: '{"module":' });
    const flows = { '2030': 'voice', '2031': 'wait', '2032': 'broken', '2033': 'bad-xml', '2034': 'bad-json' };
    pivot = await startPivot({
      manifests: Object.fromEntries(
        Object.entries(flows).map(([number, path]) => [`${path}.yaml`, manifest(path, number, 'acme')]),
      ),
      options: ['--otlp', jaeger.otlp],
    });
    // Numbers without + are of the account that is called.
    phones = await createPhones();
    cluster = await startOperatorCluster(
      (planeFound as { binaries: Binaries }).binaries,
      ['--jaeger', jaeger.query, '--jaeger-service', 'pivot'],
      { pivot: { voice_url: 'https://app.example.com/voice' } },
    );
    token = await cluster.plane.token('ann');
    const fleet = {
      apiVersion: 'pivot.voice/v1alpha1',
      kind: 'PivotFleet',
      metadata: { name: 'default' },
      spec: { traceUrl: 'https://jaeger.example.com/trace/{traceId}' },
    };
    const { code, stderr } = await cluster.plane.kubectl(['apply', '-f', '-'], JSON.stringify(fleet));
    assert.equal(code, 0, stderr);
  });

  after(async () => {
    await cluster?.stop();
    await phones?.close();
    await pivot?.dispose();
    await web?.close();
    await jaeger?.stop();
  });

  /** In the namespace acme, by numbers in E.164 form, which every account may call. */
  function manifest(name: string, number: string, namespace: string): object {
    const spec = { pivot: { voice_url: `${web.url}/${name}`, method: 'post', req_format: 'twiml', debug: true } };
    const made = callflowManifest(name, [`+1415555${number}`], spec) as { metadata: object };
    return { ...made, metadata: { ...made.metadata, namespace } };
  }

  const call = (number: string, from: string): ReturnType<Phones['placeCall']> =>
    phones.placeCall({ number: `+1415555${number}`, from, sip: pivot.sip });

  async function fromMemory(path: string): Promise<Json> {
    return (await (await fetch(`${pivot.http}${path}`)).json()) as Json;
  }

  async function fromJaeger(path: string): Promise<Json> {
    const response = await fetch(`${cluster.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    return (await response.json()) as Json;
  }

  /** Spans come to Jaeger a moment later. */
  async function until<T>(ask: () => Promise<T>, holds: (answer: T) => boolean): Promise<T> {
    const limit = performance.now() + PATIENCE_MS;
    for (;;) {
      const answer = await ask();
      if (holds(answer)) return answer;
      if (performance.now() > limit) throw new Error(`it never came to hold: ${JSON.stringify(answer).slice(0, 2000)}`);
      await delay(100);
    }
  }

  const rows = (answer: Json): Json[] => answer['data'] as Json[];
  /** What is the same, wherever it comes from. */
  const same = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value), (key, one) => (['node', 'elapsed_ms', 'at'].includes(key) ? '' : one));

  test('lists the same calls, with the same words', async () => {
    for (const number of ['2030', '2032', '2033', '2034']) {
      const phone = await call(number, `+1555000${number}`);
      void phone.answered.then(() => phone.press('1')).catch(() => {});
      await phone.ended;
    }
    const path = '/v2/accounts/acme/pivot/debug';
    const memory = await fromMemory(path);
    assert.equal(rows(memory).length, 4);
    const stored = await until(
      () => fromJaeger(path),
      (answer) => rows(answer).length === 4 && rows(answer).every(({ callflow }) => callflow !== ''),
    );
    assert.deepEqual(same(rows(stored)), same(rows(memory)));
    for (const query of [
      '?page_size=3',
      '?callflow=broken',
      '?callflow=acme/voice',
      '?ascending=true',
      '?callflow=none',
    ])
      assert.deepEqual(same(rows(await fromJaeger(path + query))), same(rows(await fromMemory(path + query))), query);
    const { next_start_key: next } = await fromJaeger(`${path}?page_size=3`);
    assert.deepEqual(
      rows(await fromJaeger(`${path}?page_size=3&start_key=${next}`)).map(({ call_id }) => call_id),
      rows(memory)
        .slice(3)
        .map(({ call_id }) => call_id),
    );
  });

  test('tells the same of each call: what was sent, what was returned, what was wrong where', async () => {
    for (const { call_id: callId, debug_id: debugId, trace_id: traceId } of rows(
      await fromMemory('/v2/accounts/acme/pivot/debug'),
    )) {
      for (const id of [callId, debugId]) {
        const path = `/v2/accounts/acme/pivot/debug/${encodeURIComponent(String(id))}`;
        const memory = rows(await fromMemory(path));
        assert.ok(memory.length > 0);
        const stored = await until(
          () => fromJaeger(path),
          (answer) => Array.isArray(answer['data']) && rows(answer).length === memory.length,
        );
        assert.deepEqual(same(rows(stored)), same(memory));
      }
      const path = `/debug/v1/calls/${traceId}?account=acme`;
      const memory = await fromMemory(path);
      const stored = await until(
        () => fromJaeger(path),
        ({ call: one }) => (one as Json)['state'] !== 'active',
      );
      assert.deepEqual(same(stored['call']), same(memory['call']));
      assert.deepEqual(same(stored['timeline']), same(memory['timeline']));
      assert.deepEqual(same(stored['exchanges']), same(memory['exchanges']));
    }
  });

  test('finds a call while it is up', async () => {
    const phone = await call('2031', '+15550031');
    const path = '/debug/v1/calls?account=acme&callflow=wait';
    const { calls } = (await until(
      () => fromJaeger(path),
      (answer) => (answer['calls'] as unknown[]).length === 1,
    )) as { calls: Json[] };
    assert.deepEqual(
      [calls[0]?.['call_id'], calls[0]?.['state'], calls[0]?.['number']],
      [phone.callId, 'active', '+14155552031'],
    );
    await phone.hangup();
    await until(
      () => fromJaeger(path),
      (answer) => (answer['calls'] as Json[])[0]?.['state'] === 'ended',
    );
  });

  test('is shown on the page of the operator, call by call', async (t) => {
    const chromium = chromiumPath();
    if (chromium === undefined) return t.skip('no Chromium: apt-get install chromium');
    const browser = await startBrowser(chromium);
    t.after(() => browser.close());
    const { page, complaints } = await browser.open(cluster.url);
    page.setDefaultTimeout(PATIENCE_MS);
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Show calls' }).click();
    const row = page.locator('table.calls tbody tr', { hasText: '+15550002033' });
    await row.waitFor();
    // Enter searches in Jaeger.
    await page.getByRole('searchbox').fill('+14155552033');
    const searched = page.waitForResponse((response) => response.url().includes('number=%2B14155552033'));
    await page.getByRole('searchbox').press('Enter');
    assert.equal((await searched).status(), 200);
    await page.locator('.count', { hasText: /^1 of / }).waitFor();
    await row.getByRole('link', { name: 'View details' }).click();
    await page.getByRole('alert').getByText('PV-1235').waitFor();
    const trace = await page.locator('.facts a').getAttribute('href');
    assert.match(trace ?? '', /^https:\/\/jaeger\.example\.com\/trace\/[0-9a-f]{32}$/);
    assert.equal(await page.locator('.exchange[open] pre').innerText(), '<Response><Say>Hi</Sai></Response>');
    assert.equal(await page.getByRole('button', { name: 'Call again' }).count(), 0);
    // Another account's call is not found, even if one has its id.
    assert.deepEqual(complaints, []);
    await page.goto(page.url().replace('account=acme', 'account=globex'));
    await page.getByRole('alert').getByText('ann may not get pivotcallflows in the namespace "globex"').waitFor();
  });

  test('says that Jaeger is away while it is, and goes on when it is back', async () => {
    const path = '/debug/v1/calls?account=acme';
    jaeger.server.pause();
    const started = performance.now();
    const away = await fromJaeger(path);
    assert.equal(away['code'], 'PV-2203');
    assert.ok(performance.now() - started < 12_000);
    jaeger.server.resume();
    await until(
      () => fromJaeger(path),
      (answer) => Array.isArray(answer['calls']),
    );
    await jaeger.server.restart('SIGKILL');
    const phone = await call('2032', '+15550077');
    await phone.ended;
    await until(
      () => fromJaeger(path),
      (answer) =>
        Array.isArray(answer['calls']) && (answer['calls'] as Json[]).some(({ from }) => from === '+15550077'),
    );
  });
});
