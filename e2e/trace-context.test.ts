/** One trace, from whoever called to whoever is asked: in SIP, HTTP, the log and what is exported. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createPhones, type Phones } from '../media-worker/softswitch/phone.ts';
import { type Collector, startCollector } from './collector.ts';
import { type Pivot, pivotManifest, startPivot } from './harness.ts';
import { startWeb, twiml, type Web } from './web.ts';

const limit = { timeout: 60_000 };
const TRACE = '0af7651916cd43dd8448eb211c80319c';

describe('the trace of a call', () => {
  let web: Web;
  let phones: Phones;
  let collector: Collector;
  let pivot: Pivot;

  before(async () => {
    [web, phones, collector] = await Promise.all([startWeb(), createPhones(), startCollector()]);
    web.on('/voice', ({ parameters }) =>
      parameters.has('RecordingStatus')
        ? { status: 500, body: '' }
        : twiml('<Record recordingUrl="/nowhere" recordingStatusCallback="?" maxLength="1" timeout="0"/>'),
    );
    web.on('/main', { status: 500, body: '' });
    web.on('/backup', twiml('<Hangup/>'));
    pivot = await startPivot({
      manifests: {
        'voice.yaml': pivotManifest('voice', ['1'], `${web.url}/voice`, { cdr_url: `${web.url}/cdr` }),
        'backup.yaml': pivotManifest('backup', ['2'], `${web.url}/main`, { fallback_url: `${web.url}/backup` }),
      },
      options: ['--otlp', collector.url, '--log', 'debug', '--quiet'],
    });
  });
  after(async () => {
    await phones?.close();
    await pivot?.dispose();
    await collector?.close();
    await web?.close();
  });

  test('continues the one in the INVITE, and goes on to the web server and back to the caller', limit, async () => {
    const headers = { traceparent: `00-${TRACE}-b7ad6b7169203331-01` };
    const phone = await phones.placeCall({ number: '1', sip: pivot.sip, headers });
    const { headers: asked } = await web.request('/voice');
    assert.match(String(asked['traceparent']), new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
    await phone.ended;
    assert.deepEqual(
      phone.responses.filter(({ status }) => status !== 100).map(({ headers: one }) => one.get('x-pivot-trace')?.[0]),
      phone.responses.filter(({ status }) => status !== 100).map(() => TRACE),
    );
    await collector.until((spans) => spans.some(({ name }) => name === 'recording.upload'));
    await collector.until((spans) => spans.some(({ name }) => name === 'call'));
    assert.deepEqual(new Set(collector.spans.map(({ traceId }) => traceId)), new Set([TRACE]));
  });

  test('stands in a refusal', limit, async () => {
    const refused = await phones.placeCall({ number: 'nobody', sip: pivot.sip });
    await refused.ended;
    assert.match(refused.header('X-Pivot-Trace') ?? '', /^[0-9a-f]{32}$/);
  });

  test('stands in what fallback_url is told, and in every line of the log about a call', limit, async () => {
    const phone = await phones.placeCall({ number: '2', sip: pivot.sip });
    await phone.ended;
    const { parameters } = await web.request('/backup');
    assert.equal(parameters.get('ErrorTraceId'), phone.header('X-Pivot-Trace'));
    await pivot.program.line(/PV-1904/);
    await pivot.program.line(/PV-1267/);
    await pivot.program.line(/PV-1905/);

    const lines = pivot.program.lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
    const about = lines.filter((line) => 'call_id' in line);
    for (const code of ['PV-1267', 'PV-1404', 'PV-1904', 'PV-1905'])
      assert.ok(
        about.some((line) => line.code === code),
        `${code}\n${JSON.stringify(lines)}`,
      );
    assert.deepEqual(
      about.filter((line) => !/^[0-9a-f]{32}$/.test(line.trace_id)),
      [],
    );
  });
});
