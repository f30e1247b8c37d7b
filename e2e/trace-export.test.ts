/** Which traces leave the worker, and what becomes of calls and spans when the collector is slow, dead, and back again. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createPhones, type Phones } from '../media-worker/softswitch/phone.ts';
import { type Collector, startCollector } from './collector.ts';
import { type Pivot, pivotManifest, startPivot } from './harness.ts';
import type { Metrics } from './standing.ts';
import { startWeb, twiml, type Web } from './web.ts';

const limit = { timeout: 120_000 };
const PROCESSED = 'otel_sdk_processor_span_processed_total';
const LOOK_AGAIN_MS = 50;

describe('traces leave the worker', () => {
  let web: Web;
  let phones: Phones;

  before(async () => {
    web = await startWeb();
    web.on('/plain', twiml('<Hangup/>'));
    web.on('/debug', twiml('<Pause length="0"/><Hangup/>'));
    web.on('/broken', { status: 500, body: 'oops' });
    phones = await createPhones();
  });
  after(async () => {
    await phones?.close();
    await web?.close();
  });

  async function start(
    t: { after(work: () => Promise<void>): void },
    collector: Collector,
    env: Record<string, string>,
  ): Promise<Pivot> {
    const pivot = await startPivot({
      manifests: {
        'plain.yaml': pivotManifest('plain', ['1'], `${web.url}/plain`, { debug: false }),
        'debug.yaml': pivotManifest('debug', ['2'], `${web.url}/debug`),
        'broken.yaml': pivotManifest('broken', ['3'], `${web.url}/broken`, { debug: false }),
      },
      options: ['--otlp', collector.url, '--log', 'info', '--quiet'],
      env,
    });
    t.after(() => pivot.dispose());
    return pivot;
  }

  /** Resolves with the Call-ID when the call is over. */
  async function call(pivot: Pivot, number: string): Promise<string> {
    const phone = await phones.placeCall({ number, sip: pivot.sip });
    await phone.ended;
    return phone.callId;
  }

  /** Lines of the log with these words. */
  const logged = (pivot: Pivot, words: string): string[] => pivot.program.lines.filter((line) => line.includes(words));

  /** Spans by what became of them: '' sent, else the reason. */
  function processed(metrics: Metrics): Map<string, number> {
    return new Map(
      [...metrics].flatMap(([name, value]) =>
        name.startsWith(PROCESSED) ? [[/error_type="([^"]*)"/.exec(name)?.[1] ?? '', value]] : [],
      ),
    );
  }

  /** Waits until so many spans count as sent. */
  async function taken(pivot: Pivot, spans: number): Promise<void> {
    while ((processed(await pivot.metrics()).get('') ?? 0) < spans) await delay(LOOK_AGAIN_MS);
  }

  test(
    'with the sampler off: those of calls that fail or are debugged, whole; the local log has all',
    limit,
    async (t) => {
      const collector = await startCollector();
      t.after(() => collector.close());
      const pivot = await start(t, collector, { OTEL_TRACES_SAMPLER: 'always_off' });
      const [plain, debugged, broken] = [await call(pivot, '1'), await call(pivot, '2'), await call(pivot, '3')];
      // The web server is told in `traceparent` which of them is recorded; of a failure it cannot know yet.
      const flags = ['/plain', '/debug', '/broken'].map(async (path) =>
        String((await web.request(path)).headers['traceparent']).slice(-2),
      );
      assert.deepEqual(await Promise.all(flags), ['00', '01', '00']);
      const { data } = (await (await fetch(`${pivot.http}/v2/accounts/default/pivot/debug`)).json()) as {
        data: { call_id: string }[];
      };
      assert.deepEqual(new Set(data.map(({ call_id }) => call_id)), new Set([plain, debugged, broken]));
      // What waits is sent at the stop.
      await pivot.stop();
      const roots = collector.spans.filter(({ name }) => name === 'call');
      assert.deepEqual(
        new Set(roots.map(({ attributes }) => attributes['pivot.call.id'])),
        new Set([debugged, broken]),
      );
      for (const { traceId } of roots) {
        const names = collector.spans.filter((span) => span.traceId === traceId).map(({ name }) => name);
        for (const name of ['route', 'call.received', 'action pivot', 'POST']) assert.ok(names.includes(name), name);
      }
      assert.equal(new Set(collector.spans.map(({ traceId }) => traceId)).size, 2);
      const pause = collector.spans.find(({ name }) => name === 'verb Pause');
      assert.equal(pause?.attributes['pivot.twiml.attributes'], '{"length":0}');
    },
  );

  test(
    'when the collector goes, calls go on; one line says so, one that it is back, with what was lost',
    limit,
    async (t) => {
      const collector = await startCollector();
      const pivot = await start(t, collector, { OTEL_BSP_SCHEDULE_DELAY: '100', OTEL_EXPORTER_OTLP_TIMEOUT: '1000' });
      const first = await call(pivot, '1');
      await collector.until((spans) =>
        spans.some(({ name, attributes }) => name === 'call' && attributes['pivot.call.id'] === first),
      );
      // The worker has heard that they were taken.
      await taken(pivot, collector.spans.length);
      await collector.close();
      for (let count = 0; count < 10; count += 1) await call(pivot, '1');
      await pivot.program.line(/PV-2710.*traces cannot be sent: .*ECONNREFUSED/);
      for (let count = 0; count < 10; count += 1) await call(pivot, '1');
      const again = await startCollector(collector.port);
      t.after(() => again.close());
      const last = await call(pivot, '1');
      await again.until((spans) =>
        spans.some(({ name, attributes }) => name === 'call' && attributes['pivot.call.id'] === last),
      );
      const [back] = await pivot.program.line(/^.*traces are sent again.*$/);
      await taken(pivot, collector.spans.length + again.spans.length);
      const counted = processed(await pivot.metrics());
      const lost = [...counted].reduce((sum, [reason, spans]) => sum + (reason === '' ? 0 : spans), 0);
      assert.equal((JSON.parse(back) as { spans_lost: number }).spans_lost, lost);
      assert.ok(lost > 0);
      assert.equal(counted.get(''), collector.spans.length + again.spans.length);
      assert.equal(logged(pivot, 'traces cannot be sent').length, 1);
      assert.equal(logged(pivot, 'traces are sent again').length, 1);
      await pivot.stop();
    },
  );

  test('a collector that is silent fills the queue and no more; what has no room is counted', limit, async (t) => {
    const collector = await startCollector();
    t.after(() => collector.close());
    collector.mood = 'silent';
    const pivot = await start(t, collector, {
      OTEL_BSP_MAX_QUEUE_SIZE: '20',
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '10',
      OTEL_BSP_SCHEDULE_DELAY: '100',
    });
    for (let count = 0; count < 20; count += 1) await call(pivot, '1');
    const metrics = await pivot.metrics();
    const [, queued] = [...metrics].find(([name]) => name.startsWith('otel_sdk_processor_span_queue_size')) ?? [];
    assert.ok(queued !== undefined && queued <= 20, String(queued));
    assert.ok((processed(metrics).get('queue_full') ?? 0) > 0);
    // The stop waits no longer for it than an export may take.
    await pivot.stop();
    assert.equal(logged(pivot, 'traces cannot be sent').length, 1);
  });

  test('a collector that refuses is not asked again for the same spans', limit, async (t) => {
    const collector = await startCollector();
    t.after(() => collector.close());
    collector.mood = 'refuses';
    const pivot = await start(t, collector, { OTEL_BSP_SCHEDULE_DELAY: '100', OTEL_TRACES_SAMPLER: 'sometimes' });
    await call(pivot, '1');
    await pivot.program.line(/PV-2710/);
    assert.match(logged(pivot, 'OTEL_TRACES_SAMPLER=sometimes').join('\n'), /^[^\n]*PV-2711[^\n]*$/);
    await pivot.stop();
    const ids = collector.bytes.flatMap((body) =>
      [...body.toString().matchAll(/"spanId":"([0-9a-f]+)"/g)].map(([, id]) => id),
    );
    assert.equal(new Set(ids).size, ids.length);
  });
});
