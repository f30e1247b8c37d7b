import assert from 'node:assert/strict';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { CallflowNode } from '../../../crds/callflow/node.ts';
import { validateCallflow } from '../../../crds/callflow/validate.ts';
import type { SecretValues } from '../../../crds/routing-table.ts';
import type { CallEnd } from '../../call/call.ts';
import { inVirtualTime } from '../../call/testing/virtual-time.ts';
import { createRooms } from '../../conference/rooms.ts';
import type { Dialler } from '../../dial/dialler.ts';
import { FakeDialler } from '../../dial/testing/fake-dialler.ts';
import { describeSound } from '../../media/sound.ts';
import type { Outgoing, OutgoingRequest, OutgoingResult } from '../../outgoing/types.ts';
import { ownQueues } from '../../queue/testing/own-queues.ts';
import { besideRecordings } from '../../recordings/beside.ts';
import { FakeRecordings } from '../../recordings/testing/fake-recordings.ts';
import { NO_METRICS } from '../../telemetry/metrics.ts';
import { CallSpan } from '../../telemetry/span.ts';
import { type Done, ScriptedCall, type ScriptedCallOptions } from '../../twiml/testing/scripted-call.ts';
import { dispatchResponse } from '../../webhook/dispatch.ts';
import type { ExchangeRequest } from '../../webhook/exchange.ts';
import { createBackground } from '../background.ts';
import { runCallflow } from '../engine.ts';
import type { CallflowModule } from '../module.ts';
import type { FlowServices } from '../services.ts';

/** What a web server answers: a document, or nothing that can be used. */
export type Answer = { readonly type: string; readonly body: unknown } | { readonly status: number } | 'never';

export interface FlowScenario extends ScriptedCallOptions {
  readonly dialler?: Dialler;
  readonly metrics?: FlowServices['metrics'];
  /** Keys that the caller presses, and when, in milliseconds from the start. */
  readonly keys?: readonly (readonly [at: number, keys: string])[];
  readonly callerHangsUpAt?: number;
  /** Other callflows of the account, by name. */
  readonly callflows?: Readonly<Record<string, unknown>>;
  /** What the web server answers, exchange by exchange. */
  readonly answers?: readonly Answer[];
  /** What every request of the `webhook` action comes to. */
  readonly notice?: (request: OutgoingRequest) => OutgoingResult | Promise<OutgoingResult>;
  /** Whether the pivot action before has `debug`; as if it had, unless given. */
  readonly debug?: boolean;
  readonly secrets?: SecretValues;
  readonly before?: (call: ScriptedCall) => void;
  readonly modules?: (name: string) => CallflowModule | undefined;
  readonly recordings?: FakeRecordings;
  /** Requests of `webhook` actions at once. */
  readonly background?: number;
}

export interface FlowResult {
  readonly call: ScriptedCall;
  readonly log: readonly Done[];
  /** Modules in the order in which they ran. */
  readonly ran: readonly string[];
  /** What was heard, as `describeSound` says it. */
  readonly heard: readonly string[];
  readonly end: CallEnd;
  /** Virtual milliseconds. */
  readonly ms: number;
  readonly exchanges: readonly Omit<ExchangeRequest, 'facts' | 'signal'>[];
  /** Exchanges that only told something when the call was over. */
  readonly farewells: readonly Omit<ExchangeRequest, 'facts' | 'signal'>[];
  /** The facts that each exchange had to tell. */
  readonly told: readonly ReturnType<ScriptedCall['facts']>[];
  readonly notices: readonly OutgoingRequest[];
  readonly spans: readonly ReadableSpan[];
  /** Codes of warnings and of errors in all spans. */
  readonly warnings: readonly unknown[];
  readonly errors: readonly unknown[];
}

/** A flow as a manifest would bring it: validated, defaults filled in. */
export function flowOf(value: unknown): CallflowNode {
  const validated = validateCallflow(value, { allowLoopbackUrls: true });
  assert.ok(validated.ok, JSON.stringify(validated));
  return validated.node;
}

/** A chain of actions, each the `_` of the one before. */
export function chain(...nodes: readonly (readonly [module: string, data?: object])[]): CallflowNode {
  const chained = nodes.reduceRight<object | undefined>(
    (next, [module, data]) => ({ module, data: data ?? {}, ...(next === undefined ? {} : { children: { _: next } }) }),
    undefined,
  );
  return flowOf(chained);
}

/** Runs a flow on a scripted call in virtual time, to the end of the call. */
export async function runFlow(flow: CallflowNode, scenario: FlowScenario = {}): Promise<FlowResult> {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const root = CallSpan.root(provider.getTracer('test'), 'call', {});
  const call = new ScriptedCall(root, scenario);
  const exchanges: FlowResult['exchanges'][number][] = [];
  const told: ReturnType<ScriptedCall['facts']>[] = [];
  const notices: OutgoingRequest[] = [];
  const farewells: FlowResult['exchanges'][number][] = [];
  const recordings = scenario.recordings ?? new FakeRecordings();
  const beside = besideRecordings(call, recordings);
  const background = createBackground(scenario.background ?? 10);
  const outgoing: Outgoing = {
    stats: {} as Outgoing['stats'],
    async request(request) {
      notices.push(request);
      return (scenario.notice ?? (() => noticed(200)))(request);
    },
    resolve: async (hostname) => ({ ok: true, addresses: [{ address: hostname, family: 4 }] }),
    setPolicy: () => {},
    close: async () => {},
  };
  const services: FlowServices = {
    callflow: (account, name) => {
      const found = scenario.callflows?.[name];
      if (found === undefined) return undefined;
      return { key: `${account}/${name}`, account, name, generation: 1, flow: flowOf(found) };
    },
    secrets: scenario.secrets ?? new Map(),
    outgoing,
    background,
    metrics: scenario.metrics ?? NO_METRICS,
    allowLoopbackUrls: true,
    recordings,
    beside,
    queues: ownQueues(),
    dialler: scenario.dialler ?? new FakeDialler(),
    rooms: createRooms({ recordings, outgoing, background, now: Date.now }),
    pivot: {
      debug: scenario.debug ?? true,
      async exchange(request) {
        call.signal.throwIfAborted();
        exchanges.push(request);
        told.push(call.facts());
        const answer = scenario.answers?.[exchanges.length - 1] ?? { status: 500 };
        if (answer === 'never')
          return new Promise((_, reject) => call.signal.addEventListener('abort', () => reject(call.signal.reason)));
        const exchange = exchanges.length;
        const text =
          'body' in answer ? (typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)) : '';
        const dispatched = dispatchResponse(
          {
            status: 'status' in answer ? answer.status : 200,
            contentType: 'type' in answer ? answer.type : undefined,
            body: Buffer.from(text),
          },
          { strict: request.settings.strict },
        );
        if (!dispatched.ok) return { ok: false, exchange, fault: dispatched.fault };
        return { ok: true, exchange, documentUrl: request.url, body: dispatched.body, fallback: false };
      },
      begin: (settings) => settings,
      farewell: (request) => {
        farewells.push(request);
      },
      legOver: () => {},
      end: () => {},
    },
  };

  const ms = await inVirtualTime(async () => {
    scenario.before?.(call);
    for (const [at, keys] of scenario.keys ?? []) {
      for (const key of keys) setTimeout(() => call.digits.push(key), at);
    }
    if (scenario.callerHangsUpAt !== undefined) {
      setTimeout(() => call.end({ side: 'caller', cause: 'NORMAL_CLEARING' }), scenario.callerHangsUpAt);
    }
    await runCallflow(flow, {
      call,
      services,
      state: { captureGroup: '', namedGroups: {} },
      ...(scenario.modules === undefined ? {} : { modules: scenario.modules }),
    });
    await beside.end();
    const endedAt = Date.now();
    await background.drain(3_600_000);
    return endedAt;
  });
  root.end();
  const spans = exporter.getFinishedSpans();
  await provider.shutdown();
  const codes = (name: string): unknown[] =>
    spans.flatMap((span) =>
      span.events.filter((event) => event.name === name).map((event) => event.attributes?.['pivot.error.code']),
    );
  return {
    call,
    log: call.log,
    ran: spans.filter((span) => span.name.startsWith('action ')).map((span) => String(span.attributes['pivot.action'])),
    heard: call.log.flatMap((done) => (done.did === 'play' ? [describeSound(done.sound)] : [])),
    end: call.signal.reason as CallEnd,
    ms,
    exchanges,
    farewells,
    told,
    notices,
    spans,
    warnings: codes('pivot.warning'),
    errors: codes('pivot.error'),
  };
}

/** An answer of a web server to a `webhook` action. */
export function noticed(status: number): OutgoingResult {
  return {
    ok: true,
    response: { status, headers: {}, body: Buffer.alloc(0), partial: false, wireBytes: 0 },
    trail: TRAIL,
  };
}

/** No answer at all. */
export function unreached(): OutgoingResult {
  const fault = { code: 'PV-1999', severity: 'error', message: 'connection refused' } as const;
  return { ok: false, fault, retryOn: ['connect'], trail: TRAIL };
}

const TRAIL = {
  url: 'http://127.0.0.1/',
  method: 'POST',
  redirects: [],
  timings: { totalMs: 1 },
  reused: false,
  sent: {},
} as const;
