/** The Live Debug page of `pivot up` in a real browser. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { createPhones, type Phones } from '../../media-worker/softswitch/phone.ts';
import { callflowManifest, type Pivot, pivotManifest, startPivot } from '../harness.ts';
import { callflow, startWeb, twiml, type Web } from '../web.ts';
import { chromiumPath, startBrowser, type TestBrowser, type Viewer } from './browser.ts';
import { faintTexts, namelessControls } from './contrast.ts';

const chromium = chromiumPath();
const SKIP = chromium === undefined ? 'no Chromium: apt-get install chromium' : false;
const MENU = twiml('<Gather action="/menu" numDigits="1"><Say>Press 1.</Say></Gather><Hangup/>');
/** What nobody should ever see run. */
const MARKUP = '<img src=x onerror="window.ran=1"><script>window.ran=1</script>';

describe('the Live Debug page', { skip: SKIP }, () => {
  let web: Web;
  let pivot: Pivot;
  let phones: Phones;
  let browser: TestBrowser;

  before(async () => {
    web = await startWeb();
    web.on('/voice', MENU);
    web.on('/menu', twiml('<Hangup/>'));
    web.on('/wait', twiml('<Say>Hi.</Say><Pause length="30"/>'));
    web.on('/broken', { status: 500, headers: { 'x-markup': MARKUP }, body: MARKUP });
    web.on('/bad-xml', { headers: { 'content-type': 'text/xml' }, body: '<Response><Say>Hi</Sai></Response>' });
    web.on('/json', callflow({ module: 'tts', data: { text: MARKUP }, children: {} }));
    pivot = await startPivot({
      manifests: {
        'support.yaml': pivotManifest('support', ['2030', '+14155550100'], `${web.url}/voice`),
        'wait.yaml': pivotManifest('wait', ['2031'], `${web.url}/wait`),
        'broken.yaml': pivotManifest('broken', ['2032'], `${web.url}/broken?markup=${encodeURIComponent(MARKUP)}`),
        'bad-xml.yaml': pivotManifest('bad-xml', ['2033'], `${web.url}/bad-xml`),
        'json.yaml': pivotManifest('json', ['2034'], `${web.url}/json`, { req_format: 'kazoo', method: 'get' }),
        'quiet.yaml': pivotManifest('quiet', ['2035'], `${web.url}/menu`, { debug: false }),
        'closed.yaml': callflowManifest('closed', ['2036'], { flow: { module: 'hangup', data: {}, children: {} } }),
      },
    });
    phones = await createPhones();
    browser = await startBrowser(chromium ?? '');
  });

  after(async () => {
    await browser?.close();
    await phones?.close();
    await pivot?.dispose();
    await web?.close();
  });

  async function watching(work: (page: Page, viewer: Viewer) => Promise<void>, path = '/'): Promise<void> {
    const viewer = await browser.open(`${pivot.http}${path}`);
    viewer.page.setDefaultTimeout(15_000);
    try {
      await work(viewer.page, viewer);
      assert.deepEqual(viewer.complaints, []);
      assert.equal(await viewer.page.evaluate('window.ran'), undefined);
    } finally {
      await viewer.close();
    }
  }

  const rowOf = (page: Page, text: string): Locator => page.locator('table.calls tbody tr', { hasText: text });

  async function calledAndOver(number: string, from: string): Promise<void> {
    const phone = await phones.placeCall({ number, from, sip: pivot.sip });
    await phone.ended;
  }

  test('shows the callflows with their conditions, and what they ask', async () => {
    await watching(async (page) => {
      const support = page.locator('.callflow', { hasText: 'support' });
      await support.getByText('2030').waitFor();
      assert.match((await support.textContent()) ?? '', /\+14155550100.*POST .*\/voice/);
      const conditions = support.locator('.condition.true');
      await conditions.nth(2).waitFor();
      assert.deepEqual(await conditions.allTextContents(), [
        '✓ Accepted: yes',
        '✓ ResolvedRefs: yes',
        '✓ Programmed: yes',
      ]);
      assert.match((await page.locator('.callflow', { hasText: 'quiet' }).textContent()) ?? '', /bodies are not kept/);
      assert.match((await page.locator('.callflow', { hasText: 'closed' }).textContent()) ?? '', /runs hangup/);
    });
  });

  test('shows a changed callflow and its faults without being asked', async () => {
    await watching(async (page) => {
      await page.locator('.status.live').waitFor();
      pivot.manifest(
        'late.yaml',
        callflowManifest('late', ['2030', '2039'], { flow: { module: 'hangup', data: {}, children: {} } }),
      );
      await page.getByText('2030 belongs to default/support').waitFor();
      await page.locator('.callflow .condition.partly', { hasText: 'Accepted' }).waitFor();
      pivot.removeManifest('late.yaml');
      await page.locator('.callflow', { hasText: 'late' }).waitFor({ state: 'detached' });
    });
  });

  test('shows a call as it comes, while it is up, and when it is over', async () => {
    await watching(async (page) => {
      await page.locator('.status.live').waitFor();
      const phone = await phones.placeCall({ number: '2031', from: '+15550001', sip: pivot.sip });
      const row = rowOf(page, '+15550001');
      await row.getByText('In progress').waitFor();
      await phone.answered;
      assert.match((await page.locator('#announcer').textContent()) ?? '', /Call from \+15550001 to 2031/);
      await phone.hangup();
      await row.getByText('Completed').waitFor();
    });
  });

  test('shows in the details what was sent and returned, side by side and indented, with the time line', async () => {
    await calledAndOver('2033', '+15550002');
    await watching(async (page) => {
      await rowOf(page, '+15550002').getByRole('link', { name: 'View details' }).click();
      const open = page.locator('.exchange[open]');
      await open.getByRole('region', { name: 'Response' }).waitFor();
      const [request, response] = [
        open.getByRole('region', { name: 'Request' }),
        open.getByRole('region', { name: 'Response' }),
      ];
      const [left, right] = [await request.boundingBox(), await response.boundingBox()];
      assert.ok(left !== null && right !== null && left.y === right.y && left.x + left.width <= right.x);
      assert.match((await request.textContent()) ?? '', /From\+15550002.*To2033/);
      assert.equal(await response.locator('pre').innerText(), '<Response><Say>Hi</Sai></Response>');
      assert.match(
        (await page.getByRole('alert').first().textContent()) ?? '',
        /PV-1235 .*line 1, column|PV-1235 .*1:\d+/,
      );
      // Why, and what to do.
      await page.locator('.cure').getByText('What to do.').waitFor();
      const lines = await page.locator('.timeline .what').allInnerTexts();
      assert.match(lines[0] ?? '', /\+15550002 calls 2033/);
      assert.ok(lines.some((line) => line.includes('POST') && line.includes('/bad-xml')));
      await page
        .locator('.timeline')
        .getByRole('button', { name: /Request: POST/ })
        .click();
      assert.equal(await page.evaluate('document.activeElement.tagName'), 'SUMMARY');
    });
  });

  test('places a test call with keys, shows it live, and can hang up and call again', async () => {
    await watching(async (page) => {
      await page.getByLabel('Number', { exact: true }).fill('2030');
      await page.getByRole('textbox', { name: 'From' }).fill('+15550003');
      await page.getByLabel('Keys to press').fill('1');
      await page.getByRole('button', { name: 'Call' }).click();
      await page.waitForURL(/#\/calls\//);
      assert.equal((await web.request('/menu')).parameters.get('Digits'), '1');
      await page.locator('.timeline').getByText('digits 1').waitFor();
      await page.locator('h1').getByText('Completed').waitFor();
      const pre = page.locator('.exchange[open] pre');
      assert.deepEqual((await pre.innerText()).split('\n').slice(0, 3), [
        '<Response>',
        '  <Gather action="/menu" numDigits="1">',
        '    <Say>Press 1.</Say>',
      ]);
      await page.getByRole('button', { name: 'As sent' }).click();
      assert.equal(await pre.innerText(), MENU.body);

      const before = page.url();
      await page.getByRole('button', { name: 'Call again' }).click();
      await page.waitForURL((url) => url.href !== before);
      await page.locator('h1').getByText('Completed').waitFor();

      await page.getByRole('link', { name: 'All calls' }).click();
      await page.getByLabel('Number', { exact: true }).fill('2031');
      await page.getByRole('button', { name: 'Call' }).click();
      await page.getByRole('button', { name: 'Hang up' }).click();
      await page.getByRole('button', { name: 'Call again' }).waitFor();
    });
  });

  test('presses keys in a test call that waits for them', async () => {
    await watching(async (page) => {
      await page.getByLabel('Number', { exact: true }).fill('2030');
      await page.getByRole('textbox', { name: 'From' }).fill('+15550013');
      await page.getByRole('button', { name: 'Call' }).click();
      await page.locator('.timeline').getByText('answered', { exact: true }).waitFor();
      const earlier = web.requests.length;
      await page.getByLabel('Keys to press now').fill('7');
      await page.getByLabel('Keys to press now').press('Enter');
      await page.locator('.timeline').getByText('digits 7').waitFor();
      assert.equal(
        web.requests
          .slice(earlier)
          .find(({ path }) => path === '/menu')
          ?.parameters.get('Digits'),
        '7',
      );
    });
  });

  test('says why a test call could not be placed', async () => {
    await watching(async (page) => {
      await page.getByLabel('Number', { exact: true }).fill('not a number');
      await page.getByRole('button', { name: 'Call' }).click();
      await page.locator('.form-message.bad').getByText('number must be a number').waitFor();
    }).catch((error: Error) => {
      // The browser itself tells of the answer 400 in its console.
      if (!/status of 400/.test(error.message)) throw error;
    });
  });

  test('finds calls by what is known of them, by state and by callflow', async () => {
    await calledAndOver('2032', '+15550004');
    await calledAndOver('2036', '+15550005');
    await watching(async (page) => {
      await rowOf(page, '+15550005').waitFor();
      const search = page.getByRole('searchbox');
      await search.fill('PV-1222 2032');
      await rowOf(page, '+15550004').waitFor();
      assert.equal(await page.locator('table.calls tbody tr').count(), 1);
      assert.match((await page.locator('.count').textContent()) ?? '', /^1 of \d+ calls$/);
      await search.fill('nothing like it');
      await page.getByText('No call fits.').waitFor();
      await search.fill('');
      await page.getByLabel('State').selectOption('failed');
      await rowOf(page, '+15550005').waitFor({ state: 'detached' });
      await page.getByLabel('State').selectOption('');
      await page.getByRole('button', { name: 'closed', exact: true }).click();
      await rowOf(page, '+15550004').waitFor({ state: 'detached' });
      assert.equal(await rowOf(page, '+15550005').count(), 1);
    });
  });

  test('shows what came from elsewhere as text, whatever it is', async () => {
    for (const number of ['2032', '%3Cb%3Ebold']) {
      const phone = await phones.placeCall({ number, from: '+15550012', fromName: MARKUP, sip: pivot.sip });
      await phone.ended;
    }
    await calledAndOver('2034', '+15550006');
    await watching(async (page) => {
      await page.locator('.status.live').waitFor();
      await rowOf(page, '+15550012').first().waitFor();
      assert.equal(await page.locator('main td b b').count(), 0);
      for (const number of ['2032', '2034']) {
        await rowOf(page, number).first().getByRole('link').click();
        const open = page.locator('.exchange[open]');
        await open.getByRole('region', { name: 'Response' }).waitFor();
        await open.locator('.pairs-box').evaluateAll((boxes) => boxes.map((box) => box.setAttribute('open', '')));
        await open.getByText('onerror=').first().waitFor();
        assert.equal(await page.locator('main img, main script').count(), 0);
        await page.goBack();
      }
    });
  });

  test('says of an exchange without kept bodies how to keep them', async () => {
    await calledAndOver('2035', '+15550007');
    await watching(async (page) => {
      await rowOf(page, '+15550007').getByRole('link').click();
      await page.getByText('Headers and bodies are not kept').waitFor();
    });
  });

  test('can be paused, and then goes on', async () => {
    await watching(async (page) => {
      await page.locator('.status.live').waitFor();
      await page.getByRole('button', { name: 'Pause' }).click();
      await calledAndOver('2036', '+15550008');
      await page.getByText(/changes? waiting/).waitFor();
      assert.equal(await rowOf(page, '+15550008').count(), 0);
      await page.getByRole('button', { name: 'Go on' }).click();
      await rowOf(page, '+15550008').waitFor();
    });
  });

  test('can be used by keyboard alone', async () => {
    await calledAndOver('2033', '+15550009');
    await watching(async (page) => {
      await rowOf(page, '+15550009').waitFor();
      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate('document.activeElement.className'), 'skip');
      await page.keyboard.press('Enter');
      assert.equal(await page.evaluate('document.activeElement.id'), 'main');
      const inTable = 'document.activeElement.closest(".go") !== null';
      for (let count = 0; count < 20 && !(await page.evaluate(inTable)); count += 1) await page.keyboard.press('Tab');
      assert.equal(await page.evaluate(inTable), true);
      await page.keyboard.press('Enter');
      await page.waitForURL(/#\/calls\//);
      await page.locator('h1').getByText('2033').waitFor();
      // Reading goes on at the heading of the new view.
      assert.equal(await page.evaluate('document.activeElement.tagName'), 'H1');
      assert.match(await page.title(), /^\+15550009 → 2033/);
      await page.locator('.exchange[open]').waitFor();
      const onSummary = 'document.activeElement.matches(".exchange > summary")';
      for (let count = 0; count < 40 && !(await page.evaluate(onSummary)); count += 1) await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.locator('.exchange:not([open])').waitFor();
    });
  });

  test('has landmarks, names for all controls, and texts that can be read, by day and by night', async () => {
    await calledAndOver('2033', '+15550010');
    await watching(async (page) => {
      await rowOf(page, '+15550010').waitFor();
      for (const role of ['banner', 'main', 'complementary', 'search'] as const)
        assert.equal(await page.getByRole(role).count(), 1, role);
      const check = async (): Promise<void> => {
        assert.deepEqual(await namelessControls(page), []);
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          assert.deepEqual(await faintTexts(page), [], colorScheme);
        }
      };
      await check();
      await rowOf(page, '+15550010').getByRole('link').click();
      await page.locator('.exchange[open]').getByRole('region', { name: 'Response' }).waitFor();
      await check();
    });
  });

  test('moves nothing for people who do not want that, and fits on a telephone', async () => {
    const viewer = await browser.open(pivot.http, { reducedMotion: 'reduce', viewport: { width: 360, height: 700 } });
    const phone = await phones.placeCall({ number: '2031', from: '+15550011', sip: pivot.sip });
    await rowOf(viewer.page, '+15550011').getByText('In progress').waitFor();
    assert.equal(await viewer.page.evaluate('document.getAnimations().length'), 0);
    assert.equal(await viewer.page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
    await phone.hangup();
    await viewer.close();
  });

  test('of another web site can neither read nor call', async () => {
    const other = await startWeb();
    other.on('/', { headers: { 'content-type': 'text/html' }, body: '<!doctype html><title>evil</title>' });
    const before = web.requests.length;
    const viewer = await browser.open(other.url);
    const tries = await viewer.page.evaluate(async (pivotUrl) => {
      const tried = async (input: string, init?: RequestInit): Promise<string> => {
        try {
          return `got ${(await fetch(input, init)).type}`;
        } catch {
          return 'nothing';
        }
      };
      const body = JSON.stringify({ number: '2030' });
      return [
        await tried(`${pivotUrl}/debug/v1/calls`),
        await tried(`${pivotUrl}/debug/v1/test-calls`, {
          method: 'POST',
          body,
          headers: { 'content-type': 'application/json' },
        }),
        await tried(`${pivotUrl}/debug/v1/test-calls`, { method: 'POST', body, mode: 'no-cors' }),
      ];
    }, pivot.http);
    assert.deepEqual(tries, ['nothing', 'nothing', 'got opaque']);
    assert.equal(web.requests.length, before);
    await viewer.close();
    await other.close();
  });

  test('says so when Pivot is stopped, which does not wait for those who look', async () => {
    const viewer = await browser.open(pivot.http);
    await viewer.page.locator('.status.live').waitFor();
    const started = performance.now();
    await pivot.stop();
    assert.ok(performance.now() - started < 10_000);
    await viewer.page.locator('.status.connecting').waitFor();
    await viewer.close();
  });
});
