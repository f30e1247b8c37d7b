/**
 * Makes the pictures of docs/debug.md from a `pivot up` with real calls: `npm run screenshots`. Needs a Chromium and the port 8090, which the
 * pictures show.
 */
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { createPhones } from '../../media-worker/softswitch/phone.ts';
import { callflowManifest, pivotManifest, startPivot } from '../harness.ts';
import { callflow, startWeb, twiml } from '../web.ts';
import { chromiumPath, startBrowser } from './browser.ts';

const PICTURES = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
const PORT = 8090;
const SIZE = { width: 1280, height: 800 };

const chromium = chromiumPath();
if (chromium === undefined) throw new Error('no Chromium: apt-get install chromium');
const web = await startWeb(PORT);
web.on('/support', ({ parameters }) =>
  parameters.has('Digits')
    ? twiml('<Say>Thank you. Somebody will be with you.</Say><Pause length="20"/>')
    : twiml('<Gather action="/support" numDigits="1"><Say>Welcome to Acme. For support press 1.</Say></Gather>'),
);
web.on('/orders', { status: 500, headers: { 'content-type': 'text/plain' }, body: 'database is locked' });
web.on(
  '/reminder',
  callflow({
    module: 'tts',
    data: { text: 'Your parcel comes tomorrow.' },
    children: { _: { module: 'hangup', data: {}, children: {} } },
  }),
);
const sorry = { failback: { module: 'tts', data: { text: 'Please call again later.' } } };
const pivot = await startPivot({
  manifests: {
    'support.yaml': pivotManifest('support', ['2030', '+14155550100'], `${web.url}/support`),
    'orders.yaml': callflowManifest('orders', ['2031'], {
      pivot: { voice_url: `${web.url}/orders`, method: 'post', req_format: 'twiml', debug: true },
      ...sorry,
    }),
    'reminder.yaml': pivotManifest('reminder', ['2032'], `${web.url}/reminder`, { req_format: 'kazoo', method: 'get' }),
    'closed.yaml': callflowManifest('closed', ['2033'], { flow: { module: 'hangup', data: {}, children: {} } }),
  },
});
const phones = await createPhones();
const browser = await startBrowser(chromium);
try {
  for (const [number, from] of [
    ['2032', '+15550123'],
    ['2999', '+15550177'],
    ['2033', '+15550142'],
    ['2031', '+15550123'],
  ] as const) {
    const phone = await phones.placeCall({ number, from, sip: pivot.sip });
    await phone.ended;
  }
  const { page } = await browser.open(pivot.http, { viewport: SIZE });
  await page.getByLabel('Number', { exact: true }).fill('2030');
  await page.getByLabel('Keys to press').fill('1');
  await page.getByRole('button', { name: 'Call', exact: true }).click();
  await page.locator('.timeline').getByText('Somebody will be with you').waitFor();
  await page.locator('.exchange > summary').last().click();
  await page.locator('.exchange[open] pre').last().waitFor();
  await page.locator('.exchange > summary').first().click();
  await page.mouse.move(0, 0);
  await page.evaluate('document.activeElement.blur()');
  await picture(page, 'call');
  await page.getByRole('link', { name: 'All calls' }).click();
  await page.getByText('In progress').last().waitFor();
  await page.evaluate('document.activeElement.blur()');
  await picture(page, 'calls');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.locator('tr', { hasText: 'PV-12' }).getByRole('link').click();
  await page.locator('.exchange[open] pre').waitFor();
  await page.evaluate('document.activeElement.blur()');
  await picture(page, 'failed-call');
} finally {
  await browser.close();
  await phones.close();
  await pivot.dispose();
  await web.close();
}

async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${PICTURES}live-debug-${name}.png` });
  console.log(`docs/pictures/live-debug-${name}.png`);
}
