/** What is too large for a trace, or is no text, is cut and marked; nothing goes missing without a word. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createPhones, type Phones } from '../media-worker/softswitch/phone.ts';
import { type Collector, type SentSpan, startCollector } from './collector.ts';
import { answer, type Hostile, startHostile } from './conformance/hostile.ts';
import { callflowManifest, type Pivot, pivotManifest, startPivot } from './harness.ts';
import { startWeb, type Web } from './web.ts';

const limit = { timeout: 120_000 };
const MIB = 1024 * 1024;
/** Of a body in a span. */
const RECORDED = 16 * 1024;
const SAID = 'é'.repeat(12 * 1024);
/** Actions of one round, and rounds: as many as branches are allowed. */
const NOTICES = 20;
const ROUNDS = 50;

describe('a trace is bounded', () => {
  let hostile: Hostile;
  let web: Web;
  let phones: Phones;
  let collector: Collector;
  let pivot: Pivot;

  before(async () => {
    hostile = await startHostile({
      announced: answer('text/xml', Buffer.alloc(10 * MIB, 'x')),
      endless: (socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\n\r\n');
        socket.end(Buffer.alloc(10 * MIB, 'x'));
      },
      binary: answer('application/octet-stream', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 3])),
      'bad-text': answer('text/xml', Buffer.from('<Response><Say>\xff\xfe</Say></Response>', 'latin1')),
      long: answer('text/xml', `<Response><!-- ${SAID} --><Hangup/></Response>`),
    });
    [web, phones, collector] = await Promise.all([startWeb(), createPhones(), startCollector()]);
    web.on('/notice', { body: '' });
    const flows = ['announced', 'endless', 'binary', 'bad-text', 'long'];
    let round: object = { module: 'callflow', data: { id: 'many' } };
    for (let count = 0; count < NOTICES; count += 1)
      round = { module: 'webhook', data: { uri: `${web.url}/notice` }, children: { _: round } };
    pivot = await startPivot({
      manifests: {
        ...Object.fromEntries(
          flows.map((name, index) => [`${name}.yaml`, pivotManifest(name, [String(index)], `${hostile.url}/${name}`)]),
        ),
        'many.yaml': callflowManifest('many', ['9'], { flow: round }),
      },
      options: ['--otlp', collector.url, '--quiet'],
    });
  });
  after(async () => {
    await phones?.close();
    await pivot?.dispose();
    await collector?.close();
    await hostile?.close();
    await web?.close();
  });

  /** Places a call; its spans when the root has come. */
  async function spansOf(number: string): Promise<readonly SentSpan[]> {
    const phone = await phones.placeCall({ number, sip: pivot.sip });
    const trace = phone.ended.then(() => phone.header('X-Pivot-Trace'));
    const traceId = await trace;
    await collector.until((spans) => spans.some((span) => span.traceId === traceId && span.name === 'call'));
    return collector.spans.filter((span) => span.traceId === traceId);
  }

  async function attempt(number: string): Promise<SentSpan['attributes']> {
    const post = (await spansOf(number)).find(({ name }) => name === 'POST');
    assert.ok(post);
    return post.attributes;
  }

  const body = 'pivot.webhook.response.body';

  test('10 MB that are announced are not read; the mark says so', limit, async () => {
    const span = await attempt('0');
    assert.deepEqual([span[body], span[`${body}.truncated`], span['pivot.error.code']], ['', true, 'PV-1226']);
    assert.match(String(span['pivot.error.message']), /10485760 bytes/);
  });

  test('10 MB that just come are cut', limit, async () => {
    const span = await attempt('1');
    assert.equal(span[body], 'x'.repeat(RECORDED));
    assert.deepEqual([span[`${body}.truncated`], span['pivot.error.code']], [true, 'PV-1226']);
  });

  test('what is no text is told by its size', limit, async () => {
    for (const [number, bytes] of [
      ['2', 8],
      ['3', 34],
    ] as const) {
      const span = await attempt(number);
      assert.deepEqual([span[body], span[`${body}.binary`]], [`(binary, ${bytes} bytes)`, true]);
    }
  });

  test('a long document is run whole and shown cut, between two characters', limit, async () => {
    const span = await attempt('4');
    const shown = String(span[body]);
    assert.ok(Buffer.byteLength(shown) <= RECORDED && Buffer.byteLength(shown) > RECORDED - 4);
    assert.match(shown, /é$/);
    assert.deepEqual([span[`${body}.truncated`], span['pivot.error.code']], [true, undefined]);
  });

  test('of 1,000 requests in a call each has its span, or the trace says that it was not sent', limit, async () => {
    const spans = await spansOf('9');
    const isNotice = (span: SentSpan): boolean => span.attributes['pivot.webhook.kind'] === 'notice';
    const traceId = spans[0]?.traceId;
    const actions = spans.filter(({ name }) => name === 'action webhook');
    // One round more begins than branches are allowed.
    assert.equal(actions.length, NOTICES * (ROUNDS + 1));
    const unsent = actions.filter(({ events }) => events.includes('PV-1609')).length;
    await collector.until(
      (all) => all.filter((span) => span.traceId === traceId && isNotice(span)).length === actions.length - unsent,
    );
    assert.equal(web.requests.length, actions.length - unsent);
    const { call } = (await (await fetch(`${pivot.http}/debug/v1/calls/${traceId}`)).json()) as {
      call: { dropped_spans: number };
    };
    assert.equal(call.dropped_spans, 0);
  });
});
