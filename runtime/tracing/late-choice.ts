import { type Context, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { DEBUG_ATTRIBUTE } from '../span-names.ts';

/** Spans of traces that are not chosen (yet), together. */
const MOST_HELD = 20_000;
/** What comes after a call's end, such as a callback that fails, still brings the whole trace. Milliseconds. */
const KEPT_AFTER_END_MS = 60_000;

interface Waiting {
  readonly spans: ReadableSpan[];
  root: ReadableSpan | undefined;
  /** Of the clock that `now` reads; undefined while the root is open. */
  endedAt: number | undefined;
  chosen: boolean;
}

export interface LateChoiceOptions {
  /** Where chosen spans go. */
  readonly next: SpanProcessor;
  /** Milliseconds, of any start. */
  readonly now: () => number;
  readonly mostHeld?: number;
  /** Spans of a call that is still up were given up: if it goes wrong, its trace has a gap. */
  readonly onGivenUp?: (spans: number) => void;
}

/**
 * Passes on the spans that the sampler has chosen, as they end. Those of other traces wait here: when one of them fails, or the call's root says
 * that it is debugged, the whole trace is passed on after all; else it is forgotten some time after its end.
 */
export class LateChoice implements SpanProcessor {
  readonly #options: LateChoiceOptions;
  /** In the order of their first span. */
  readonly #traces = new Map<string, Waiting>();
  #held = 0;

  constructor(options: LateChoiceOptions) {
    this.#options = options;
  }

  /** Spans that wait. */
  get held(): number {
    return this.#held;
  }

  onStart(span: Span, parent: Context): void {
    const { traceId, traceFlags } = span.spanContext();
    if (isSampled(traceFlags)) {
      this.#options.next.onStart(span, parent);
      return;
    }
    const read = span as unknown as ReadableSpan;
    if (read.parentSpanContext !== undefined && read.parentSpanContext.isRemote !== true) return;
    const trace = this.#traceOf(traceId);
    trace.root ??= read;
  }

  onEnd(span: ReadableSpan): void {
    const { traceId, traceFlags } = span.spanContext();
    if (isSampled(traceFlags)) {
      this.#options.next.onEnd(span);
      return;
    }
    const trace = this.#traceOf(traceId);
    if (span === trace.root) trace.endedAt = this.#options.now();
    trace.spans.push(span);
    this.#held += 1;
    trace.chosen ||= isWanted(span) || (trace.root !== undefined && isWanted(trace.root));
    if (trace.chosen) this.#passOn(trace);
    this.#forget();
  }

  #traceOf(traceId: string): Waiting {
    let trace = this.#traces.get(traceId);
    if (trace === undefined) {
      trace = { spans: [], root: undefined, endedAt: undefined, chosen: false };
      this.#traces.set(traceId, trace);
    }
    return trace;
  }

  #passOn(trace: Waiting): void {
    this.#held -= trace.spans.length;
    for (const span of trace.spans.splice(0)) this.#options.next.onEnd(asSampled(span));
  }

  /** Traces that ended long ago; and the oldest while there are too many spans, or traces. */
  #forget(): void {
    const { now, mostHeld = MOST_HELD, onGivenUp = () => {} } = this.#options;
    const old = now() - KEPT_AFTER_END_MS;
    for (const [traceId, { endedAt, spans }] of this.#traces) {
      const tooMany = this.#held > mostHeld || this.#traces.size > mostHeld;
      const isOld = endedAt !== undefined && endedAt < old;
      if (!tooMany && !isOld) break;
      if (endedAt === undefined && spans.length > 0) onGivenUp(spans.length);
      this.#held -= spans.length;
      this.#traces.delete(traceId);
    }
  }

  async forceFlush(): Promise<void> {
    await this.#options.next.forceFlush();
  }

  async shutdown(): Promise<void> {
    this.#traces.clear();
    this.#held = 0;
    await this.#options.next.shutdown();
  }
}

function isSampled(flags: number): boolean {
  return (flags & TraceFlags.SAMPLED) !== 0;
}

function isWanted({ status, attributes }: ReadableSpan): boolean {
  return status.code === SpanStatusCode.ERROR || attributes[DEBUG_ATTRIBUTE] === true;
}

/** Exporters pass over what has no `sampled` flag. */
function asSampled(span: ReadableSpan): ReadableSpan {
  const context = { ...span.spanContext(), traceFlags: TraceFlags.SAMPLED };
  return Object.create(span, { spanContext: { value: () => context } }) as ReadableSpan;
}
