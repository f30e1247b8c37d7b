import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import type { JsonObject } from '../../../crds/callflow/node.ts';
import type { CallFacts } from '../../call/facts.ts';
import { createOutgoing } from '../../outgoing/client.ts';
import { CallSpan } from '../../telemetry/span.ts';
import { type ExchangeDeps, type ExchangeOutcome, type ExchangeRequest, performExchange } from '../exchange.ts';
import { ExchangeLimiter } from '../limiter.ts';
import { type PivotSettings, readPivotSettings } from '../settings.ts';

export function factsOf(more: Partial<CallFacts> = {}): CallFacts {
  return {
    callId: 'abc@10.0.0.5',
    account: 'acme',
    callflow: 'acme/support',
    number: '2030',
    direction: 'inbound',
    status: 'ringing',
    from: { user: '1001', host: 'a.example' },
    to: { user: '2030', host: 'b.example' },
    request: { user: '2031', host: 'c.example' },
    callerIdName: 'Jo',
    callerIdNumber: '+14155550100',
    userIds: [],
    language: 'en-us',
    customApplicationVars: {},
    customSipHeaders: {},
    collections: {},
    variables: {},
    ...more,
  };
}

export function settingsOf(data: JsonObject, secrets: Readonly<Record<string, string>> = {}): PivotSettings {
  const result = readPivotSettings(data, new Map(Object.entries(secrets)));
  assert.ok(result.ok, result.ok ? '' : result.fault.message);
  return result.settings;
}

/** A call's worth of what exchanges need, over real HTTP, with its spans in memory. */
export interface TestCall {
  readonly deps: ExchangeDeps;
  readonly spans: readonly ReadableSpan[];
  /** Ends the span of the call, and gives it. */
  root(): ReadableSpan | undefined;
  exchange(settings: PivotSettings, more?: Partial<ExchangeRequest>): Promise<ExchangeOutcome>;
}

export function startCall(t: TestContext, more: Partial<ExchangeDeps> = {}): TestCall {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const outgoing = createOutgoing({ policy: { allowPrivate: true } });
  t.after(() => outgoing.close());
  const deps: ExchangeDeps = {
    outgoing,
    span: CallSpan.root(provider.getTracer('test'), 'call', {}),
    limiter: new ExchangeLimiter(() => performance.now()),
    version: '1.2.3',
    now: Date.now,
    random: () => 0,
    ...more,
  };
  return {
    deps,
    get spans() {
      return exporter.getFinishedSpans();
    },
    root() {
      deps.span.end();
      return exporter.getFinishedSpans().find(({ name }) => name === 'call');
    },
    exchange: (settings, request) =>
      performExchange(
        {
          settings,
          url: settings.voiceUrl,
          method: settings.method,
          facts: factsOf(),
          parameters: {},
          sensitive: false,
          signal: new AbortController().signal,
          ...request,
        },
        deps,
      ),
  };
}

export function failed(
  outcome: ExchangeOutcome,
  entry: { readonly code: string },
): Extract<ExchangeOutcome, { ok: false }> {
  assert.ok(!outcome.ok);
  assert.equal(outcome.fault.code, entry.code, outcome.fault.message);
  return outcome;
}

export function succeeded(outcome: ExchangeOutcome): Extract<ExchangeOutcome, { ok: true }> {
  assert.ok(outcome.ok, outcome.ok ? '' : `${outcome.fault.code} ${outcome.fault.message}`);
  return outcome;
}
