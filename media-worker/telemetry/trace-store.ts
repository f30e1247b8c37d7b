import type { Attributes, AttributeValue, HrTime } from '@opentelemetry/api';
import { SpanStatusCode } from '@opentelemetry/api';
import { hrTimeToMilliseconds } from '@opentelemetry/core';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace-base';

/** A span as it is kept: plain data. Times are epoch milliseconds. */
export interface StoredSpan {
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startedAt: number;
  /** Undefined while the span is open. */
  readonly endedAt?: number;
  readonly attributes: Readonly<Record<string, AttributeValue | undefined>>;
  readonly events: readonly { readonly name: string; readonly at: number; readonly attributes: Attributes }[];
  readonly error: boolean;
}

/** A call's trace. */
export interface StoredCall {
  readonly traceId: string;
  readonly callId: string;
  readonly account: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  /** In order of their start. */
  readonly spans: readonly StoredSpan[];
  /** Starts and ends in the order in which they happened: the clock alone cannot tell what came first within a millisecond. */
  readonly order: readonly Moment[];
  /** Spans that were not kept because the call has too many. */
  readonly droppedSpans: number;
}

/** A span's start or end. */
export interface Moment {
  readonly type: 'start' | 'end';
  readonly spanId: string;
}

/** What a watcher of a call is told. */
export interface SpanNews {
  readonly type: 'start' | 'end';
  readonly traceId: string;
  readonly callId: string;
  readonly account: string;
  readonly span: StoredSpan;
}

interface OpenCall {
  readonly traceId: string;
  readonly callId: string;
  readonly account: string;
  readonly startedAt: number;
  endedAt: number | undefined;
  readonly spans: Map<string, StoredSpan>;
  readonly order: Moment[];
  droppedSpans: number;
}

/** Name of a call's root span. */
export const ROOT_SPAN = 'call';
const MOST_SPANS_OF_A_CALL = 2000;

/**
 * Keeps the traces of the last calls in memory and tells watchers of spans as they start and end: the stand-in for Jaeger on one
 * machine. Bounded in calls and in spans per call.
 */
export class TraceStore implements SpanProcessor {
  readonly #capacity: number;
  readonly #byTrace = new Map<string, OpenCall>();
  readonly #byCallId = new Map<string, OpenCall>();
  readonly #watchers = new Set<(news: SpanNews) => void>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  onStart(span: Span): void {
    const read = span as unknown as ReadableSpan;
    const { traceId } = span.spanContext();
    if (read.name === ROOT_SPAN) this.#open(read, traceId);
    const call = this.#byTrace.get(traceId);
    if (call === undefined) return;
    if (call.spans.size >= MOST_SPANS_OF_A_CALL) {
      call.droppedSpans += 1;
      return;
    }
    this.#keep(call, read, 'start');
  }

  onEnd(span: ReadableSpan): void {
    const call = this.#byTrace.get(span.spanContext().traceId);
    if (call === undefined || !call.spans.has(span.spanContext().spanId)) return;
    if (span.name === ROOT_SPAN) call.endedAt = hrTimeToMilliseconds(span.endTime);
    this.#keep(call, span, 'end');
  }

  #open(root: ReadableSpan, traceId: string): void {
    const call: OpenCall = {
      traceId,
      callId: String(root.attributes['pivot.call.id'] ?? ''),
      account: String(root.attributes['pivot.account'] ?? ''),
      startedAt: hrTimeToMilliseconds(root.startTime),
      endedAt: undefined,
      spans: new Map(),
      order: [],
      droppedSpans: 0,
    };
    this.#byTrace.set(traceId, call);
    this.#byCallId.set(call.callId, call);
    if (this.#byTrace.size <= this.#capacity) return;
    const oldest = this.#byTrace.values().next().value;
    if (oldest === undefined) return;
    this.#byTrace.delete(oldest.traceId);
    if (this.#byCallId.get(oldest.callId) === oldest) this.#byCallId.delete(oldest.callId);
  }

  #keep(call: OpenCall, span: ReadableSpan, type: SpanNews['type']): void {
    const stored = toStored(span, type === 'end');
    call.spans.set(stored.spanId, stored);
    call.order.push({ type, spanId: stored.spanId });
    for (const watcher of this.#watchers)
      watcher({ type, traceId: call.traceId, callId: call.callId, account: accountOf(call), span: stored });
  }

  /** One call by its SIP Call-ID. */
  call(callId: string): StoredCall | undefined {
    const call = this.#byCallId.get(callId);
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

function toCall(call: OpenCall): StoredCall {
  const { traceId, callId, startedAt, endedAt, droppedSpans } = call;
  return {
    traceId,
    callId,
    account: accountOf(call),
    startedAt,
    ...(endedAt === undefined ? {} : { endedAt }),
    spans: [...call.spans.values()],
    order: [...call.order],
    droppedSpans,
  };
}

/** The account is known only once the call has been routed; the root span has it from then on. */
function accountOf(call: OpenCall): string {
  for (const span of call.spans.values()) {
    const account = span.attributes['pivot.account'];
    if (typeof account === 'string' && account !== '') return account;
  }
  return call.account;
}

function toStored(span: ReadableSpan, ended: boolean): StoredSpan {
  const parentSpanId = span.parentSpanContext?.spanId;
  return {
    spanId: span.spanContext().spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name: span.name,
    startedAt: milliseconds(span.startTime),
    ...(ended ? { endedAt: milliseconds(span.endTime) } : {}),
    attributes: { ...span.attributes },
    events: span.events.map((event) => ({
      name: event.name,
      at: milliseconds(event.time),
      attributes: event.attributes ?? {},
    })),
    error: span.status.code === SpanStatusCode.ERROR,
  };
}

function milliseconds(time: HrTime): number {
  return hrTimeToMilliseconds(time);
}
