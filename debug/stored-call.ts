import type { Attributes, AttributeValue } from '@opentelemetry/api';

/** A span as the debug API knows it, wherever it was kept: plain data. Times are epoch milliseconds. */
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

/** A span's start or end. */
export interface Moment {
  readonly type: 'start' | 'end';
  readonly spanId: string;
}

/** A call's trace. */
export interface StoredCall {
  readonly traceId: string;
  readonly callId: string;
  readonly account: string;
  /** The media worker that had it, where that is known. */
  readonly node?: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  /** In order of their start. */
  readonly spans: readonly StoredSpan[];
  /** Starts and ends in the order in which they happened: the clock alone cannot tell what came first within a millisecond. */
  readonly order: readonly Moment[];
  /** Spans that were not kept because the call has too many. */
  readonly droppedSpans: number;
}

/** A span that started or ended, as it was then. */
export interface SpanMoment {
  readonly type: Moment['type'];
  readonly span: StoredSpan;
}

/** What has happened in a call so far, in the order in which it did; `from` counts moments from 0. */
export function momentsOf(call: StoredCall, from = 0): SpanMoment[] {
  const spans = new Map(call.spans.map((span) => [span.spanId, span]));
  return call.order.slice(from).flatMap(({ type, spanId }) => {
    const span = spans.get(spanId);
    return span === undefined ? [] : [{ type, span }];
  });
}
