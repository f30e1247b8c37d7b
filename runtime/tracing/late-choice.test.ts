import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { LateChoice } from './late-choice.ts';
import { readSampler, SAMPLER_NAMES } from './sampler.ts';

function tracing(env: Record<string, string>, mostHeld?: number) {
  const exporter = new InMemorySpanExporter();
  const clock = { now: 0 };
  const givenUp: number[] = [];
  const choice = new LateChoice({
    next: new SimpleSpanProcessor(exporter),
    now: () => clock.now,
    onGivenUp: (spans) => givenUp.push(spans),
    ...(mostHeld === undefined ? {} : { mostHeld }),
  });
  const { sampler } = readSampler(env);
  const provider = new BasicTracerProvider({ sampler, spanProcessors: [choice] });
  const tracer = provider.getTracer('test');
  return {
    choice,
    clock,
    givenUp,
    sent: () => exporter.getFinishedSpans().map(({ name }) => name),
    flags: () => exporter.getFinishedSpans().map((span) => span.spanContext().traceFlags),
    call() {
      const root = tracer.startSpan('call');
      const within = trace.setSpan(context.active(), root);
      return { root, child: (name: string) => tracer.startSpan(name, {}, within) };
    },
  };
}

const OFF = { OTEL_TRACES_SAMPLER: 'always_off' };

describe('spans of a call that the sampler has not chosen', () => {
  it('go nowhere when nothing fails', () => {
    const { call, sent } = tracing(OFF);
    const { root, child } = call();
    child('route').end();
    root.end();
    assert.deepEqual(sent(), []);
  });

  it('go out, all of them, as soon as one of them fails', () => {
    const { call, sent, flags } = tracing(OFF);
    const { root, child } = call();
    child('route').end();
    const attempt = child('POST');
    attempt.setStatus({ code: SpanStatusCode.ERROR });
    attempt.end();
    assert.deepEqual(sent(), ['route', 'POST']);
    child('play').end();
    root.end();
    assert.deepEqual(sent(), ['route', 'POST', 'play', 'call']);
    assert.deepEqual(new Set(flags()), new Set([1]));
  });

  it('go out when the root says that the call is debugged', () => {
    const { call, sent } = tracing(OFF);
    const { root, child } = call();
    child('call.received').end();
    root.setAttribute('pivot.debug', true);
    child('POST').end();
    assert.deepEqual(sent(), ['call.received', 'POST']);
  });

  it('go out when something fails soon after the end, and alone long after it', () => {
    for (const [later, expected] of [
      [30_000, ['call', 'upload']],
      [120_000, ['upload']],
    ] as const) {
      const { call, clock, sent } = tracing(OFF);
      const { root, child } = call();
      const upload = child('upload');
      root.end();
      clock.now = later;
      call().root.end();
      upload.setStatus({ code: SpanStatusCode.ERROR });
      upload.end();
      assert.deepEqual(sent(), expected);
    }
  });

  it('are bounded: the oldest go, and those of calls that are up are counted', () => {
    const { call, choice, givenUp, sent } = tracing(OFF, 10);
    const up = call();
    up.child('route').end();
    for (let count = 0; count < 100; count += 1) call().root.end();
    assert.ok(choice.held <= 10);
    assert.deepEqual(givenUp, [1]);
    const failed = up.child('POST');
    failed.setStatus({ code: SpanStatusCode.ERROR });
    failed.end();
    assert.deepEqual(sent(), ['POST']);
  });
});

describe('the sampler', () => {
  it('chooses as OTEL_TRACES_SAMPLER says', () => {
    for (const [sampler, argument, sent] of [
      ['always_on', '', 100],
      ['always_off', '', 0],
      ['parentbased_always_off', '', 0],
      ['traceidratio', '0', 0],
      ['parentbased_traceidratio', '1', 100],
      ['', '', 100],
    ] as const) {
      const traced = tracing({ OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: argument });
      for (let count = 0; count < 100; count += 1) traced.call().root.end();
      assert.equal(traced.sent().length, sent, sampler);
    }
    const some = tracing({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.5' });
    for (let count = 0; count < 400; count += 1) some.call().root.end();
    assert.ok(some.sent().length > 100 && some.sent().length < 300, String(some.sent().length));
  });

  it('says what it does not understand, and takes the default', () => {
    assert.equal(readSampler({ OTEL_TRACES_SAMPLER: 'jaeger_remote' }).unknown, 'OTEL_TRACES_SAMPLER=jaeger_remote');
    const half = { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '50%' };
    assert.equal(readSampler(half).unknown, 'OTEL_TRACES_SAMPLER_ARG=50%');
    for (const name of SAMPLER_NAMES) assert.equal(readSampler({ OTEL_TRACES_SAMPLER: name }).unknown, undefined);
  });
});
