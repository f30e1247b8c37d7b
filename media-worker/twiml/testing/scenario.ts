import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { Fault } from '../../../crds/errors/fault.ts';
import type { Rooms } from '../../conference/rooms.ts';
import type { Dialler } from '../../dial/dialler.ts';
import { FakeDialler } from '../../dial/testing/fake-dialler.ts';
import { describeSound } from '../../media/sound.ts';
import type { Queues } from '../../queue/queues.ts';
import { ownQueues } from '../../queue/testing/own-queues.ts';
import { FakeRecordings } from '../../recordings/testing/fake-recordings.ts';
import { NO_METRICS } from '../../telemetry/metrics.ts';
import { CallSpan } from '../../telemetry/span.ts';
import { settingsOf } from '../../webhook/testing/call.ts';
import type { DocumentOutcome, TwimlContext } from '../outcome.ts';
import { parseTwiml } from '../parse.ts';
import { runDocument } from '../run.ts';
import { type Done, ScriptedCall, type ScriptedCallOptions } from './scripted-call.ts';

const DOCUMENT_URL = 'https://app.example.com/ivr/start.php';

const SETTINGS = settingsOf({ voice_url: DOCUMENT_URL });

const noRooms: Rooms = {
  open: 0,
  join: async () => ({ how: 'left', sid: 'CF0', ms: 0 }),
};

export interface Scenario extends ScriptedCallOptions {
  /** Keys that the caller presses, and when, in milliseconds from the start. */
  readonly keys?: readonly (readonly [at: number, keys: string])[];
  /** When the caller hangs up, in milliseconds. */
  readonly callerHangsUpAt?: number;
  readonly context?: Partial<Pick<TwimlContext, 'documentUrl' | 'defaultActionMethod' | 'rejectCode' | 'hideDigits'>>;
  readonly recordings?: FakeRecordings;
  readonly rooms?: Rooms;
  readonly queues?: Queues;
  readonly dialler?: Dialler;
  readonly ask?: TwimlContext['ask'];
  /** Done with the call before the document runs. */
  readonly before?: (call: ScriptedCall) => void;
}

export interface Result {
  /** `call ended` when the call ended while the document ran. */
  readonly outcome: DocumentOutcome | { readonly kind: 'call ended'; readonly reason: unknown };
  readonly call: ScriptedCall;
  readonly log: readonly Done[];
  /** What was heard, in order, as `describeSound` says it. */
  readonly heard: readonly string[];
  /** Virtual milliseconds that it took. */
  readonly ms: number;
  /** Codes of the warnings of the parser. */
  readonly warnings: readonly string[];
  readonly faults: readonly Fault[];
  readonly spans: readonly ReadableSpan[];
}

/** A document around some verbs. */
export function response(verbs: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Response>${verbs}</Response>`;
}

/** Parses and runs `verbs` on a scripted call in virtual time; hangs up at the end of the document as the pivot action does. */
export async function run(verbs: string, scenario: Scenario = {}): Promise<Result> {
  const parsed = parseTwiml(response(verbs), { strict: false });
  assert.ok(parsed.ok, `the document is refused: ${JSON.stringify(parsed)}`);
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const root = CallSpan.root(provider.getTracer('test'), 'call', {});

  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 0 });
  try {
    const call = new ScriptedCall(root, scenario);
    scenario.before?.(call);
    for (const [at, keys] of scenario.keys ?? []) {
      for (const key of keys) setTimeout(() => call.digits.push(key), at);
    }
    if (scenario.callerHangsUpAt !== undefined) {
      setTimeout(() => call.end({ side: 'caller', cause: 'NORMAL_CLEARING' }), scenario.callerHangsUpAt);
    }
    const outcome = await inVirtualTime(runAndHangUp(parsed.document, call, scenario));
    const ms = Date.now();
    root.end();
    return {
      outcome,
      call,
      log: call.log,
      heard: call.log.flatMap((done) => (done.did === 'play' ? [describeSound(done.sound)] : [])),
      ms,
      warnings: parsed.warnings.map((warning) => warning.code),
      faults: parsed.warnings,
      spans: exporter.getFinishedSpans(),
    };
  } finally {
    mock.timers.reset();
    await provider.shutdown();
  }
}

async function runAndHangUp(
  document: Parameters<typeof runDocument>[0],
  call: ScriptedCall,
  scenario: Scenario,
): Promise<Result['outcome']> {
  try {
    const outcome = await runDocument(document, {
      call,
      span: call.span,
      documentUrl: DOCUMENT_URL,
      defaultActionMethod: 'POST',
      rejectCode: 603,
      hideDigits: false,
      recordings: scenario.recordings ?? new FakeRecordings(),
      rooms: scenario.rooms ?? noRooms,
      queues: scenario.queues ?? ownQueues(),
      dialler: scenario.dialler ?? new FakeDialler(),
      metrics: NO_METRICS,
      ask:
        scenario.ask ?? (async () => ({ ok: false, fault: { code: 'PV-1999', severity: 'error', message: 'nobody' } })),
      settings: SETTINGS,
      ...scenario.context,
    });
    if (outcome.kind === 'finished') await call.hangup();
    return outcome;
  } catch (error) {
    if (!call.signal.aborted) throw error;
    return { kind: 'call ended', reason: error };
  }
}

/** Moves the clock in steps of 100 ms, letting everything settle between them, until `work` is done. */
async function inVirtualTime<T>(work: Promise<T>): Promise<T> {
  let done = false;
  const finished = work.finally(() => {
    done = true;
  });
  finished.catch(() => {});
  for (let ticks = 0; ; ticks++) {
    await turn();
    if (done) return finished;
    assert.ok(ticks < 100_000, 'the document does not end');
    mock.timers.tick(100);
  }
}

/** The exchange that a document ended with. */
export function next(result: Result): { url: string; method: string; parameters: Readonly<Record<string, string>> } {
  assert.equal(result.outcome.kind, 'exchange', `ended with ${JSON.stringify(result.outcome)}`);
  assert.ok(result.outcome.kind === 'exchange');
  return result.outcome.next;
}
