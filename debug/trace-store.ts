import { SpanStatusCode } from '@opentelemetry/api';
import { hrTimeToMilliseconds } from '@opentelemetry/core';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { ROOT_SPAN } from '../runtime/span-names.ts';
import { spanSize } from '../runtime/tracing/span-size.ts';
import type { Moment, SpanMoment, StoredCall, StoredSpan } from './stored-call.ts';

/** What a watcher is told. */
export interface SpanNews extends SpanMoment {
  readonly traceId: string;
}

/** A call as it is kept: the spans themselves, which go on changing until they end. They are copied only for those who ask. */
interface KeptCall {
  readonly traceId: string;
  readonly callId: string;
  readonly root: ReadableSpan;
  readonly spans: Map<string, ReadableSpan>;
  readonly order: Moment[];
  droppedSpans: number;
  /** Characters of its ended spans, roughly. */
  size: number;
}

/** Some 1,000 exchanges with what they cause. */
const MOST_SPANS_OF_A_CALL = 8000;
/** Characters of all calls together; bodies of webhooks make up most of them. */
const MOST_CHARACTERS = 128 * 1024 * 1024;

/**
 * Keeps the traces of the last calls in memory and tells watchers of spans as they start and end: the stand-in for Jaeger on one
 * machine. Bounded in calls, in spans per call and in characters. It is on the path of every call, so keeping a span copies nothing.
 */
export class TraceStore implements SpanProcessor {
  readonly #capacity: number;
  readonly #mostCharacters: number;
  readonly #byTrace = new Map<string, KeptCall>();
  readonly #byCallId = new Map<string, KeptCall>();
  readonly #watchers = new Set<(news: SpanNews) => void>();
  #size = 0;

  constructor(capacity: number, mostCharacters: number = MOST_CHARACTERS) {
    this.#capacity = capacity;
    this.#mostCharacters = mostCharacters;
  }

  onStart(span: Span): void {
    const read = span as unknown as ReadableSpan;
    const { traceId, spanId } = span.spanContext();
    // The root of a trace that was continued has a parent in another process.
    const isRoot = read.parentSpanContext === undefined || read.parentSpanContext.isRemote === true;
    if (read.name === ROOT_SPAN && isRoot) this.#open(read, traceId);
    const call = this.#byTrace.get(traceId);
    if (call === undefined) return;
    if (call.spans.size >= MOST_SPANS_OF_A_CALL) {
      call.droppedSpans += 1;
      return;
    }
    call.spans.set(spanId, read);
    call.order.push({ type: 'start', spanId });
    this.#tell(call, read, 'start');
  }

  onEnd(span: ReadableSpan): void {
    const { traceId, spanId } = span.spanContext();
    const call = this.#byTrace.get(traceId);
    if (call === undefined || !call.spans.has(spanId)) return;
    call.order.push({ type: 'end', spanId });
    const size = spanSize(span);
    call.size += size;
    this.#size += size;
    this.#tell(call, span, 'end');
    while (this.#size > this.#mostCharacters && this.#byTrace.size > 1) this.#forgetOldest();
  }

  #open(root: ReadableSpan, traceId: string): void {
    const callId = String(root.attributes['pivot.call.id'] ?? '');
    const call: KeptCall = { traceId, callId, root, spans: new Map(), order: [], droppedSpans: 0, size: 0 };
    this.#byTrace.set(traceId, call);
    this.#byCallId.set(callId, call);
    if (this.#byTrace.size > this.#capacity) this.#forgetOldest();
  }

  /** Forgets the oldest call that is over, so that a flood of refused calls takes no trace from a live one; failing that, the oldest. */
  #forgetOldest(): void {
    let oldest: KeptCall | undefined;
    for (const call of this.#byTrace.values()) {
      oldest ??= call;
      if (!call.root.ended) continue;
      oldest = call;
      break;
    }
    if (oldest === undefined) return;
    this.#size -= oldest.size;
    this.#byTrace.delete(oldest.traceId);
    if (this.#byCallId.get(oldest.callId) === oldest) this.#byCallId.delete(oldest.callId);
  }

  #tell(call: KeptCall, span: ReadableSpan, type: SpanNews['type']): void {
    if (this.#watchers.size === 0) return;
    let stored: StoredSpan | undefined;
    const news: SpanNews = {
      type,
      traceId: call.traceId,
      // Most watchers want to know that there is something, and few of them what.
      get span() {
        stored ??= toStored(span);
        return stored;
      },
    };
    for (const watcher of [...this.#watchers]) watcher(news);
  }

  /** One call by its SIP Call-ID. */
  call(callId: string): StoredCall | undefined {
    const call = this.#byCallId.get(callId);
    return call === undefined ? undefined : toCall(call);
  }

  /** Whether the trace is (still) kept. */
  has(traceId: string): boolean {
    return this.#byTrace.has(traceId);
  }

  /** What happened in a call, one start or end after the other, counted from 0. Its span is as it is now. */
  moment(traceId: string, index: number): SpanMoment | undefined {
    const call = this.#byTrace.get(traceId);
    const moment = call?.order[index];
    const span = moment === undefined ? undefined : call?.spans.get(moment.spanId);
    return moment === undefined || span === undefined ? undefined : { type: moment.type, span: toStored(span) };
  }

  /** One call by its trace. */
  trace(traceId: string): StoredCall | undefined {
    const call = this.#byTrace.get(traceId);
    return call === undefined ? undefined : toCall(call);
  }

  /** Calls, newest first. */
  *calls(): Generator<StoredCall> {
    for (const call of [...this.#byTrace.values()].reverse()) yield toCall(call);
  }

  /** Calls `watcher` for every span from now on; returns the way to stop. */
  watch(watcher: (news: SpanNews) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    this.#watchers.clear();
    return Promise.resolve();
  }
}

/** Its spans are copied when they are first asked for: most readers of many calls want the spans of a few. */
function toCall(call: KeptCall): StoredCall {
  const { traceId, callId, root, droppedSpans } = call;
  let spans: readonly StoredSpan[] | undefined;
  return {
    traceId,
    callId,
    account: accountOf(call),
    startedAt: hrTimeToMilliseconds(root.startTime),
    ...(root.ended ? { endedAt: hrTimeToMilliseconds(root.endTime) } : {}),
    get spans() {
      spans ??= [...call.spans.values()].map(toStored);
      return spans;
    },
    get order() {
      return [...call.order];
    },
    droppedSpans,
  };
}

/** What the root span says now: the realm's account at first, the callflow's once the call has been routed. */
function accountOf({ root }: KeptCall): string {
  return String(root.attributes['pivot.account'] ?? '');
}

function toStored(span: ReadableSpan): StoredSpan {
  const parentSpanId = span.parentSpanContext?.spanId;
  return {
    spanId: span.spanContext().spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name: span.name,
    startedAt: hrTimeToMilliseconds(span.startTime),
    ...(span.ended ? { endedAt: hrTimeToMilliseconds(span.endTime) } : {}),
    attributes: { ...span.attributes },
    events: span.events.map((event) => ({
      name: event.name,
      at: hrTimeToMilliseconds(event.time),
      attributes: event.attributes ?? {},
    })),
    error: span.status.code === SpanStatusCode.ERROR,
  };
}
