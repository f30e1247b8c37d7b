import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SpanStatusCode } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { fault } from '../../crds/errors/fault.ts';
import { mediaCodes } from '../../crds/errors/media.ts';
import { routingCodes } from '../../crds/errors/routing.ts';
import { webhookCodes } from '../../crds/errors/webhook.ts';
import { CallSpan } from './span.ts';

function call() {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const root = CallSpan.root(provider.getTracer('test'), 'call', { 'pivot.call.id': 'c1', 'pivot.to': '1' });
  const ended = (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name);
  return {
    root,
    ended,
    /** What the root says when it has ended. */
    over() {
      root.end();
      const span = ended('call')[0];
      assert.ok(span);
      const { attributes, status } = span;
      return { attributes, failed: status.code === SpanStatusCode.ERROR };
    },
  };
}

const missing = fault(mediaCodes.notFetched, 'a sound is missing');
const refused = fault(webhookCodes.refused, 'nobody listens');
const unknown = fault(webhookCodes.settingIgnored, 'method PUT');

describe('the root of a call', () => {
  it('says what failed, and in which span', () => {
    const { root, over } = call();
    const action = root.child('action pivot');
    action.fail(refused);
    action.end();
    const { attributes, failed } = over();
    assert.deepEqual(
      [attributes['pivot.error.code'], attributes['pivot.error.message'], attributes['pivot.error.span'], failed],
      [refused.code, refused.message, 'action pivot', true],
    );
  });

  it('says what failed first, unless something later ended the call', () => {
    for (const [decisive, code] of [
      [false, missing.code],
      [true, refused.code],
    ] as const) {
      const { root, over } = call();
      root.child('media.play').warn(missing);
      root.child('action pivot').fail(refused, decisive);
      assert.equal(over().attributes['pivot.error.code'], code);
    }
  });

  it('keeps the place when it fails of the same itself', () => {
    const { root, over } = call();
    const reason = fault(routingCodes.noRoute, 'no callflow');
    root.child('route').fail(reason, true);
    root.fail(reason);
    assert.equal(over().attributes['pivot.error.span'], 'route');
  });

  it('says nothing of an attempt that failed, nor of what is beneath it', () => {
    const { root, over } = call();
    const leg = root.attempt('dial.leg');
    leg.fail(refused);
    leg.child('media.play').warn(missing);
    const { attributes, failed } = over();
    assert.deepEqual([attributes['pivot.error.code'], failed], [undefined, false]);
  });

  it('tells the first warning, and is no failure for it', () => {
    const { root, over } = call();
    root.attempt('POST').warn(unknown);
    const { attributes, failed } = over();
    assert.deepEqual(
      [attributes['pivot.warning.code'], attributes['pivot.warning.span'], failed],
      [unknown.code, 'POST', false],
    );
  });

  it('carries the worst status of its web servers', () => {
    const { root, over } = call();
    for (const status of [200, 503, 404]) root.attempt('POST').answered(status);
    assert.equal(over().attributes['pivot.exchange.worst_status'], 503);
  });
});

it('a span that begins when the root has ended is found by itself', () => {
  const { root, ended } = call();
  root.set({ 'pivot.number': '7', 'pivot.result': 'completed' });
  root.child('early').end();
  root.end();
  root.child('late').end();
  assert.deepEqual(ended('early')[0]?.attributes, {});
  assert.deepEqual(ended('late')[0]?.attributes, { 'pivot.call.id': 'c1', 'pivot.number': '7' });
});

it('what is hidden stands in nothing of the trace from then on', () => {
  const { root, over, ended } = call();
  const play = root.child('media.play', { 'pivot.media.sound': 'before' });
  play.hide(['738164', '12']);
  play.set({ text: 'You typed 738164, 12 times' });
  play.event('e', { text: '738164' });
  play.fail(fault(mediaCodes.notFetched, 'no sound 738164'));
  play.end();
  root.child('POST', { 'url.full': 'http://x/738164' }).end();
  const { attributes } = over();
  assert.equal(attributes['pivot.error.message'], 'no sound ***');
  const [span, post] = [ended('media.play')[0], ended('POST')[0]];
  assert.equal(span?.attributes['text'], 'You typed ***, 12 times');
  assert.equal(span?.status.message, `${mediaCodes.notFetched.code} no sound ***`);
  assert.deepEqual([span?.events[0]?.attributes, post?.attributes], [{ text: '***' }, { 'url.full': 'http://x/***' }]);
});
