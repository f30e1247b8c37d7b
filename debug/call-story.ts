import { attempts, type DebugEntry, entriesOf, entryOf, lastExchange } from './entries.ts';
import { momentsOf, type SpanMoment, type StoredCall } from './stored-call.ts';
import { type CallSummary, summaryOf } from './summary.ts';
import { type TimelineEntry, timelineOf } from './timeline.ts';

/** An exchange without headers and bodies, which are asked for one by one. */
export type ExchangeHead = Omit<DebugEntry, 'req_headers' | 'req_body' | 'resp_headers' | 'resp_body'>;

/** A line of the time line; that of an exchange says by its span which. */
export interface StoryLine extends TimelineEntry {
  readonly exchange?: string;
}

/** A call in full, but for the bodies of its exchanges. */
export interface CallStory {
  readonly call: CallSummary;
  readonly timeline: readonly StoryLine[];
  readonly exchanges: readonly ExchangeHead[];
  /** How much has been told: a live stream goes on from here. */
  readonly position: number;
}

export function storyOf(call: StoredCall, node: string): CallStory {
  return {
    call: summaryOf(call),
    timeline: momentsOf(call).flatMap(linesOf),
    exchanges: entriesOf(call, node).map(headOf),
    position: call.order.length,
  };
}

export function linesOf(moment: SpanMoment): StoryLine[] {
  return timelineOf(moment).map((line) =>
    line.kind === 'exchange' ? { ...line, exchange: moment.span.spanId } : line,
  );
}

/** One exchange in full, by its span. */
export function exchangeIn(call: StoredCall, node: string, spanId: string): DebugEntry | undefined {
  const spans = attempts(call);
  const index = spans.findIndex((span) => span.spanId === spanId);
  const span = spans[index];
  if (span === undefined) return undefined;
  return entryOf(call, span, { index, last: lastExchange(spans), node: call.node ?? node });
}

export function headOf({
  req_headers: _1,
  req_body: _2,
  resp_headers: _3,
  resp_body: _4,
  ...head
}: DebugEntry): ExchangeHead {
  return head;
}
