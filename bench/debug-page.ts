/**
 * What the Live Debug page costs, and whether it stays usable: `npm run bench:debug`. A store with 1,000 calls, one of them with 1,000 exchanges of
 * 16 KiB each way; many viewers while calls come; the page in a real Chromium. Prints a table; nothing is asserted.
 */
import { get } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Tracer } from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { registerLocalDebugApi } from '../debug/api/debug-api.ts';
import { startCall, startExchange, type TestSpan } from '../debug/testing/spans.ts';
import { TraceStore } from '../debug/trace-store.ts';
import { chromiumPath, startBrowser } from '../e2e/debug-page/browser.ts';
import { startHttpServer } from '../runtime/http-server.ts';
import { createLogger } from '../runtime/log.ts';

const KEPT_CALLS = 1000;
const BIG_EXCHANGES = 1000;
const VIEWERS = 150;
const CALLS_PER_SECOND = 50;
const SECONDS = 10;
const BODY = `<Response>${'<Say>Good morning, this is a text of some length.</Say>'.repeat(290)}</Response>`.slice(
  0,
  16_384,
);
const SMALL_BODY = BODY.slice(0, 1000);

const store = new TraceStore(KEPT_CALLS);
const tracer = new BasicTracerProvider({ spanProcessors: [store] }).getTracer('bench');
const server = await startHttpServer({
  host: '127.0.0.1',
  port: 0,
  log: createLogger({ level: 'error' }),
  readiness: () => ({ ready: true, reasons: [] }),
  metrics: async () => '',
  routes: (routes) => {
    const end = registerLocalDebugApi(routes, { store, node: 'bench', version: '0' });
    routes.addHook('onClose', async () => end());
  },
});

console.log(`heap without calls: ${heap()} MB`);
for (let count = 1; count < KEPT_CALLS; count += 1) placeCall(tracer, `call-${count}`, 3, SMALL_BODY).end();
console.log(`heap with ${KEPT_CALLS - 1} calls of 3 exchanges: ${heap()} MB`);
const big = placeCall(tracer, 'big', BIG_EXCHANGES, BODY);
console.log(`heap with one of ${BIG_EXCHANGES} exchanges of ${BODY.length} bytes each way: ${heap()} MB`);

await timed('GET /debug/v1/calls?limit=1000', `${server.url}/debug/v1/calls?limit=1000`);
await timed('GET /v2/accounts/acme/pivot/debug', `${server.url}/v2/accounts/acme/pivot/debug?page_size=1000`);
await timed(`GET the call of ${BIG_EXCHANGES} exchanges`, `${server.url}/debug/v1/calls/${big.traceId}`);
await timed('GET it as Kazoo’s entries, with all bodies', `${server.url}/v2/accounts/acme/pivot/debug/big`);

for (const viewers of [0, VIEWERS]) await load(viewers);
await inBrowser();
await server.close();

function placeCall(by: Tracer, id: string, exchanges: number, body: string): TestSpan {
  const root = startCall(by, {
    'pivot.call.id': id,
    'pivot.account': 'acme',
    'pivot.callflow': 'acme/support',
    'pivot.number': '2030',
    'pivot.from': '+15550100',
  });
  root.child('call.received', { 'pivot.callflow': 'acme/support', 'pivot.number': '2030' }).end();
  for (let number = 1; number <= exchanges; number += 1) {
    const action = root.child('action pivot');
    startExchange(root, number, {
      'pivot.webhook.request.body': ownCopy(body),
      'pivot.webhook.response.body': ownCopy(body),
      'pivot.webhook.response.headers': '{"content-type":"text/xml"}',
    }).end();
    root.child('verb Say').end();
    action.end();
  }
  return root;
}

/** As bodies are that came over the network: each in memory by itself. */
function ownCopy(text: string): string {
  return Buffer.from(text).toString();
}

/** Calls come; how long the event loop was held up, and how much CPU it took. */
async function load(viewers: number): Promise<void> {
  const requests = Array.from({ length: viewers }, () => get(`${server.url}/debug/v1/events`, { agent: false }));
  let bytes = 0;
  await Promise.all(
    requests.map(
      (request) =>
        new Promise<void>((resolve) =>
          request.on('response', (response) => {
            response.on('data', (chunk: Buffer) => {
              bytes += chunk.length;
            });
            request.on('error', () => {});
            resolve();
          }),
        ),
    ),
  );
  const lag = monitorEventLoopDelay({ resolution: 5 });
  lag.enable();
  const cpu = process.cpuUsage();
  for (let tick = 0; tick < SECONDS * 10; tick += 1) {
    for (let count = 0; count < CALLS_PER_SECOND / 10; count += 1)
      placeCall(tracer, `load-${viewers}-${tick}-${count}`, 3, SMALL_BODY).end();
    await delay(100);
  }
  const { user, system } = process.cpuUsage(cpu);
  lag.disable();
  const percent = Math.round((user + system) / 1e4 / SECONDS);
  console.log(
    `${viewers} viewers, ${CALLS_PER_SECOND} calls/s of 3 exchanges: ${percent} % of a CPU (viewers included), event loop p99 ` +
      `${(lag.percentile(99) / 1e6).toFixed(1)} ms, max ${(lag.max / 1e6).toFixed(1)} ms, ${Math.round(bytes / 1e6)} MB sent, heap ${heap()} MB`,
  );
  for (const request of requests) request.destroy();
}

async function inBrowser(): Promise<void> {
  const chromium = chromiumPath();
  if (chromium === undefined) {
    console.log('no Chromium: the page was not measured');
    return;
  }
  const browser = await startBrowser(chromium);
  try {
    let start = performance.now();
    const { page } = await browser.open(server.url);
    await page.locator('table.calls tbody tr').nth(99).waitFor();
    console.log(`page with ${KEPT_CALLS} calls: first 100 rows after ${since(start)} ms`);
    start = performance.now();
    await page.getByRole('searchbox').fill('load-150-99');
    await page.locator('.count', { hasText: / of / }).waitFor();
    console.log(`search in ${KEPT_CALLS} calls: ${since(start)} ms`);

    const id = placeCall(tracer, 'big-2', BIG_EXCHANGES, BODY).traceId;
    const bodies = page.locator('.exchange[open] pre');
    start = performance.now();
    await page.goto(`${server.url}/#/calls/${id}`);
    await bodies.nth(1).waitFor();
    console.log(`call of ${BIG_EXCHANGES} exchanges: shown, with the first in full, after ${since(start)} ms`);
    start = performance.now();
    await page.locator('.exchange > summary').nth(99).click();
    await bodies.nth(3).waitFor();
    console.log(`opening its 100th exchange: ${since(start)} ms`);
    for (let count = 0; count < 9; count += 1) await page.getByRole('button', { name: /^Show \d+ more/ }).click();
    start = performance.now();
    await page.locator('.exchange > summary').nth(999).click();
    await bodies.nth(5).waitFor();
    console.log(`opening its 1,000th, with all shown: ${since(start)} ms`);
    const size = await page.evaluate('[document.querySelectorAll("*").length, performance.memory.usedJSHeapSize]');
    const [elements, bytes] = size as [number, number];
    console.log(`elements ${elements}, heap of the page ${Math.round(bytes / 1e6)} MB`);
  } finally {
    await browser.close();
  }
}

async function timed(what: string, url: string): Promise<void> {
  const start = performance.now();
  const body = await (await fetch(url)).arrayBuffer();
  console.log(`${what}: ${since(start)} ms, ${(body.byteLength / 1e6).toFixed(1)} MB`);
}

function since(start: number): number {
  return Math.round(performance.now() - start);
}

function heap(): number {
  globalThis.gc?.();
  return Math.round(process.memoryUsage().heapUsed / 1e6);
}
