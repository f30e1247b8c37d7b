/** What a scrape shows, against `docs/metrics.md`, and the figures of calls that have been. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createPhones, type Phones } from '../media-worker/softswitch/phone.ts';
import { undocumented } from './documented-metrics.ts';
import { callflowManifest, type Pivot, pivotManifest, startPivot } from './harness.ts';
import { getText, type Metrics } from './standing.ts';
import { startWeb, twiml, type Web } from './web.ts';

describe('the metrics of pivot up', () => {
  let web: Web;
  let phones: Phones;
  let pivot: Pivot;
  let metrics: Metrics;

  before(async () => {
    web = await startWeb();
    web.on('/voice', twiml('<Play>tone_stream://%(100,0,440)</Play><Hangup/>'));
    web.on('/broken', { status: 500, body: '' });
    phones = await createPhones();
    const manifests = {
      'voice.yaml': pivotManifest('voice', ['1'], `${web.url}/voice`),
      'broken.yaml': pivotManifest('broken', ['2'], `${web.url}/broken`),
      'dials.yaml': callflowManifest('dials', ['3'], {
        flow: { module: 'noop', data: {}, children: { _: { module: 'response', data: { code: 486 } } } },
      }),
    };
    pivot = await startPivot({ manifests, options: ['--max-calls', '7'] });
    const standing = await pivot.standing();
    for (const number of ['1', '2', '3', '4']) {
      const { phone } = await pivot.call(phones, number);
      phone.answered.catch(() => {});
      await phone.ended;
    }
    await pivot.settled(standing);
    metrics = await pivot.metrics();
  });
  after(async () => {
    await pivot?.dispose();
    await phones?.close();
    await web?.close();
  });

  test('are all documented, with their labels', async () => {
    assert.deepEqual(undocumented((await getText(`${pivot.http}/metrics`)).text), []);
  });

  test('count calls by result, with the time of their setup', () => {
    assert.equal(metrics.get('pivot_calls_total{result="completed"}'), 1);
    assert.equal(metrics.get('pivot_calls_total{result="no-route"}'), 1);
    assert.equal(metrics.get('pivot_calls_total{result="rejected"}'), 1);
    assert.equal(metrics.get('pivot_call_setup_duration_seconds_count'), 1);
    const setup = metrics.get('pivot_call_setup_duration_seconds_sum') ?? Number.NaN;
    assert.ok(setup > 0 && setup < 10, `${setup} s`);
    assert.equal(metrics.get('pivot_calls_active'), 0);
    assert.equal(metrics.get('pivot_calls_limit'), 7);
  });

  test('count exchanges by the code of what went wrong', () => {
    assert.equal(metrics.get('pivot_exchange_duration_seconds_count{result="ok"}'), 1);
    const failed = [...metrics].filter(([name]) =>
      /^pivot_exchange_duration_seconds_count\{result="PV-12\d\d"/.test(name),
    );
    assert.deepEqual(
      failed.map(([, count]) => count),
      [1],
    );
  });

  test('count verbs, actions and sounds by what became of them', () => {
    assert.equal(metrics.get('pivot_twiml_verbs_total{verb="Play",outcome="continue"}'), 1);
    assert.equal(metrics.get('pivot_twiml_verbs_total{verb="Hangup",outcome="stop"}'), 1);
    assert.equal(metrics.get('pivot_callflow_actions_total{module="noop",outcome="continue"}'), 1);
    assert.equal(metrics.get('pivot_callflow_actions_total{module="pivot",outcome="hardStop"}'), 1);
    assert.equal(metrics.get('pivot_media_prepare_duration_seconds_count{kind="stream",result="made"}'), 1);
  });

  test('say that the worker is ready and what it is connected to', () => {
    assert.equal(metrics.get('pivot_worker_ready'), 1);
    assert.equal(metrics.get('pivot_worker_connected{server="drachtio"}'), 1);
    assert.equal(metrics.get('pivot_worker_connected{server="freeswitch"}'), 1);
  });
});
