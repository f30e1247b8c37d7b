/** The debug API and the Live Debug page of `pivot operator`: who may see what, asked of a real API server. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Binaries, controlPlaneBinaries } from '../control-plane/binaries.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { chromiumPath, startBrowser, type TestBrowser } from './browser.ts';
import { type OperatorCluster, startOperatorCluster } from './cluster.ts';
import { faintTexts, namelessControls } from './contrast.ts';

const found = await controlPlaneBinaries();
const chromium = chromiumPath();

interface Reply {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

describe('the debug API of pivot operator', { skip: found.ok ? false : found.hint }, () => {
  let cluster: OperatorCluster;
  let plane: ControlPlane;
  let url: string;
  let browser: TestBrowser | undefined;

  before(async () => {
    const pivot = { voice_url: 'https://ann:secret@app.example.com/voice?key=secret', method: 'post' };
    // Nobody is there: what is said then is a test of its own.
    cluster = await startOperatorCluster(
      (found as { binaries: Binaries }).binaries,
      ['--jaeger', 'http://127.0.0.1:9'],
      { pivot },
    );
    ({ plane, url } = cluster);
    if (chromium !== undefined) browser = await startBrowser(chromium);
  });

  after(async () => {
    await browser?.close();
    await cluster?.stop();
  });

  async function get(path: string, token?: string): Promise<Reply> {
    const response = await fetch(`${url}${path}`, {
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  const outcome = ({ status, body }: Reply): string => `${status} ${body['code'] ?? body['error'] ?? 'ok'}`;

  test('tells nothing to somebody without a token, or with one that the API server does not know', async () => {
    for (const path of [
      '/debug/v1/callflows',
      '/debug/v1/calls?account=acme',
      '/v2/accounts/acme/pivot/debug',
      '/v2/accounts/acme/pivot/debug/x',
    ]) {
      assert.equal(outcome(await get(path)), '401 PV-2206', path);
      assert.equal(outcome(await get(path, 'nonsense')), '401 PV-2206', path);
    }
    // A token that was made for somebody else is none for us.
    const foreign = await plane.token('system:serviceaccount:acme:dev', 'vault');
    assert.equal(outcome(await get('/debug/v1/callflows', foreign)), '401 PV-2206');
  });

  test('shows the callflows of the namespaces in which one may get them, without secrets in URLs', async () => {
    const seen = async (user: string): Promise<unknown> => {
      const { body } = await get('/debug/v1/callflows', await plane.token(user));
      assert.doesNotMatch(JSON.stringify(body), /secret/);
      return [body['accounts'], (body['callflows'] as { name: string }[]).map(({ name }) => name)];
    };
    assert.deepEqual(await seen('admin'), [
      ['acme', 'globex'],
      ['acme-support', 'globex-support'],
    ]);
    for (const user of ['ann', 'system:serviceaccount:acme:dev'])
      assert.deepEqual(await seen(user), [['acme'], ['acme-support']], user);
    assert.deepEqual(await seen('eve'), [[], []]);
  });

  test('shows calls of those namespaces alone, and says so when Jaeger is away', async () => {
    const ann = await plane.token('ann');
    for (const namespace of ['globex', 'nowhere', '', 'acme%2F..%2Fglobex']) {
      const { status, body } = await get(`/v2/accounts/${namespace || '%20'}/pivot/debug`, ann);
      assert.equal(`${status} ${body['code']}`, '403 PV-2207', namespace);
    }
    assert.equal(outcome(await get('/debug/v1/calls?account=globex', ann)), '403 PV-2207');
    assert.equal(outcome(await get('/debug/v1/calls', ann)), '400 PV-2201');
    assert.equal(outcome(await get(`/debug/v1/calls/${'0'.repeat(32)}`, ann)), '400 PV-2201');
    for (const path of ['/debug/v1/calls?account=acme', '/v2/accounts/acme/pivot/debug']) {
      const reply = await get(path, ann);
      assert.equal(outcome(reply), '502 PV-2203', path);
      assert.match(String(reply.body['message']), /127\.0\.0\.1:9.*ECONNREFUSED/);
    }
  });

  test('has no test calls and no streams', async () => {
    const ann = await plane.token('ann');
    for (const path of ['/debug/v1/events', '/v2/accounts/acme/pivot/debug/x/events'])
      assert.equal((await get(path, ann)).status, 404, path);
    const response = await fetch(`${url}/debug/v1/test-calls`, { method: 'POST', body: '{}' });
    assert.equal(response.status, 404);
  });

  test('has a page that asks for a token, keeps it nowhere, and shows what it may', async (t) => {
    if (browser === undefined) return t.skip('no Chromium: apt-get install chromium');
    const { page, close } = await browser.open(url);
    page.setDefaultTimeout(15_000);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    assert.deepEqual(await namelessControls(page), []);
    assert.deepEqual(await faintTexts(page), []);
    await page.getByLabel('Token').fill('nonsense');
    await page.getByRole('button', { name: 'Show calls' }).click();
    await page.getByRole('alert').getByText('The token is refused').waitFor();

    await page.getByLabel('Token').fill(await plane.token('ann'));
    await page.getByRole('button', { name: 'Show calls' }).click();
    await page.locator('.callflow', { hasText: 'acme-support' }).getByText('Accepted').waitFor();
    assert.equal(await page.locator('.callflow').count(), 1);
    assert.deepEqual(await page.getByLabel('Namespace').locator('option').allTextContents(), ['acme']);
    await page.getByRole('alert').getByText('Jaeger at http://127.0.0.1:9').waitFor();
    assert.equal(await page.getByText('Place a test call').count(), 0);
    const kept = await page.evaluate('JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }])');
    assert.equal(kept, '["",{},{}]');

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await close();
  });

  test('shows the last failure of a callflow, with the way to its call', async (t) => {
    if (browser === undefined) return t.skip('no Chromium: apt-get install chromium');
    const traceId = 'ab'.repeat(16);
    const lastFailure = {
      time: '2026-11-21T12:00:00Z',
      code: 'PV-1222',
      message: 'the web server answered 500',
      traceId,
    };
    const patched = await plane.kubectl([
      ...['patch', '-n', 'acme', 'pivotcallflow/acme-support', '--subresource=status', '--type=merge'],
      ...['-p', JSON.stringify({ status: { lastFailure } })],
    ]);
    assert.equal(patched.code, 0, patched.stderr);
    const { page, close } = await browser.open(url);
    page.setDefaultTimeout(15_000);
    await page.getByLabel('Token').fill(await plane.token('ann'));
    await page.getByRole('button', { name: 'Show calls' }).click();
    const callflow = page.locator('.callflow', { hasText: 'PV-1222 the web server answered 500' });
    assert.equal(
      await callflow.getByRole('link', { name: 'View the call' }).getAttribute('href'),
      `#/calls/${traceId}?account=acme`,
    );
    await close();
  });

  test('does not write tokens into its log', async () => {
    const tokens = [await plane.token('ann'), await plane.token('eve'), await plane.token('admin')];
    const log = cluster.program.lines.join('\n');
    assert.ok(tokens.every((token) => !log.includes(token)));
  });

  test('says that the API server is away when it is', async () => {
    await plane.apiServer.stop('SIGKILL');
    assert.equal(outcome(await get('/debug/v1/callflows', 'never-seen')), '502 PV-2209');
  });
});
