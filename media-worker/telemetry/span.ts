import {
  type Attributes,
  type Context,
  context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { type CodeEntry, type Fault, faultOf } from '../../crds/errors/fault.ts';

export type SpanAttributes = Attributes;
export type Kind = 'internal' | 'server' | 'client';

const KINDS: Readonly<Record<Kind, SpanKind>> = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
};

/** Attributes that say which fault it was; the same in spans, events, logs and conditions. */
export function faultAttributes(fault: Fault): SpanAttributes {
  const { file, line, column, pointer } = fault.place ?? {};
  return {
    'pivot.error.code': fault.code,
    'pivot.error.message': fault.message,
    ...(file === undefined ? {} : { 'pivot.error.file': file }),
    ...(line === undefined ? {} : { 'pivot.error.line': line }),
    ...(column === undefined ? {} : { 'pivot.error.column': column }),
    ...(pointer === undefined ? {} : { 'pivot.error.pointer': pointer }),
  };
}

/**
 * One span of a call's trace, and the way to make spans beneath it. Every span is ended by the one who started it; prefer `run`,
 * which cannot forget.
 */
export class CallSpan {
  readonly #span: Span;
  readonly #tracer: Tracer;
  readonly #context: Context;

  private constructor(tracer: Tracer, span: Span, parent: Context) {
    this.#tracer = tracer;
    this.#span = span;
    this.#context = trace.setSpan(parent, span);
  }

  /** Starts a trace's root span; `startedAt` (epoch milliseconds): when what it stands for began, if that was earlier. */
  static root(tracer: Tracer, name: string, attributes: SpanAttributes, startedAt?: number): CallSpan {
    const options = { kind: SpanKind.SERVER, attributes, ...(startedAt === undefined ? {} : { startTime: startedAt }) };
    return new CallSpan(tracer, tracer.startSpan(name, options, ROOT_CONTEXT), ROOT_CONTEXT);
  }

  /** A span whose parent has ended, or was of another process: what is still done for a call when it is over. */
  static beneath(tracer: Tracer, name: string, attributes: SpanAttributes, parent: Context, kind: Kind): CallSpan {
    return new CallSpan(tracer, tracer.startSpan(name, { kind: KINDS[kind], attributes }, parent), parent);
  }

  /** A span that records nothing, for what runs outside a call (tests, tools). */
  static none(): CallSpan {
    const tracer = trace.getTracer('none');
    return new CallSpan(
      tracer,
      trace.wrapSpanContext({ traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 }),
      ROOT_CONTEXT,
    );
  }

  get traceId(): string {
    return this.#span.spanContext().traceId;
  }

  get spanId(): string {
    return this.#span.spanContext().spanId;
  }

  /** The W3C `traceparent` header value that makes the receiver's spans children of this one. */
  get traceparent(): string {
    const { traceId, spanId, traceFlags } = this.#span.spanContext();
    return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
  }

  /** Starts a child; the caller ends it. */
  child(name: string, attributes: SpanAttributes = {}, kind: Kind = 'internal'): CallSpan {
    const span = this.#tracer.startSpan(name, { kind: KINDS[kind], attributes }, this.#context);
    return new CallSpan(this.#tracer, span, this.#context);
  }

  /** Runs `work` in a child span and ends the span whatever happens; a throw marks it failed and is passed on. */
  async run<T>(
    name: string,
    attributes: SpanAttributes,
    work: (span: CallSpan) => Promise<T>,
    onThrow?: CodeEntry,
  ): Promise<T> {
    const span = this.child(name, attributes);
    try {
      return await context.with(span.#context, () => work(span));
    } catch (error) {
      if (onThrow !== undefined) span.fail(faultOf(error, onThrow));
      throw error;
    } finally {
      span.end();
    }
  }

  set(attributes: SpanAttributes): void {
    this.#span.setAttributes(attributes);
  }

  event(name: string, attributes: SpanAttributes = {}): void {
    this.#span.addEvent(name, attributes);
  }

  /** Something was skipped, clamped or defaulted; the call goes on. */
  warn(fault: Fault): void {
    this.#span.addEvent('pivot.warning', faultAttributes(fault));
  }

  /** What the span stands for failed. */
  fail(fault: Fault): void {
    this.#span.setAttributes({ ...faultAttributes(fault), 'error.type': fault.code });
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: `${fault.code} ${fault.message}` });
    this.#span.addEvent('pivot.error', faultAttributes(fault));
  }

  end(): void {
    this.#span.end();
  }
}
