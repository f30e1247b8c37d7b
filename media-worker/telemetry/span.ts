import {
  type Attributes,
  type Context,
  context,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { type CodeEntry, type Fault, faultOf } from '../../crds/errors/fault.ts';
import { CallRoot } from './call-root.ts';
import { faultAttributes } from './fault-attributes.ts';
import { beneath } from './traceparent.ts';

export type SpanAttributes = Attributes;
export type Kind = 'internal' | 'server' | 'client';

const KINDS: Readonly<Record<Kind, SpanKind>> = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
};

export interface RootOptions {
  readonly startedAt?: number | undefined;
  readonly parent?: SpanContext | undefined;
  readonly link?: SpanContext | undefined;
}

/**
 * One span of a call's trace, and the way to make spans beneath it. Every span is ended by the one who started it; prefer `run`,
 * which cannot forget.
 */
export class CallSpan {
  readonly #span: Span;
  readonly #tracer: Tracer;
  readonly #context: Context;
  readonly #name: string;
  readonly #root: CallRoot | undefined;
  /** What fails here or beneath is not the call's failure yet. */
  readonly #apart: boolean;

  private constructor(
    tracer: Tracer,
    span: Span,
    parent: Context,
    of: { readonly name: string; readonly root?: CallRoot | undefined; readonly apart?: boolean },
  ) {
    this.#tracer = tracer;
    this.#span = span;
    this.#context = trace.setSpan(parent, span);
    this.#name = of.name;
    this.#root = of.root;
    this.#apart = of.apart ?? false;
  }

  /**
   * Starts a trace's root span. `startedAt` (epoch milliseconds): when what it stands for began, if that was earlier. `parent` continues a caller's
   * trace, `link` refers to it.
   */
  static root(
    tracer: Tracer,
    name: string,
    attributes: SpanAttributes,
    { startedAt, parent, link }: RootOptions = {},
  ): CallSpan {
    const options = {
      kind: SpanKind.SERVER,
      attributes,
      ...(startedAt === undefined ? {} : { startTime: startedAt }),
      ...(link === undefined ? {} : { links: [{ context: link }] }),
    };
    const within = beneath(parent);
    const span = tracer.startSpan(name, options, within);
    return new CallSpan(tracer, span, within, { name, root: new CallRoot(span, attributes) });
  }

  /** A span whose parent has ended, or was of another process: what is still done for a call when it is over. */
  static beneath(tracer: Tracer, name: string, attributes: SpanAttributes, parent: Context, kind: Kind): CallSpan {
    return new CallSpan(tracer, tracer.startSpan(name, { kind: KINDS[kind], attributes }, parent), parent, { name });
  }

  /** A span that records nothing, for what runs outside a call (tests, tools). */
  static none(): CallSpan {
    const tracer = trace.getTracer('none');
    return new CallSpan(
      tracer,
      trace.wrapSpanContext({ traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 }),
      ROOT_CONTEXT,
      { name: 'none' },
    );
  }

  get traceId(): string {
    return this.#span.spanContext().traceId;
  }

  get spanId(): string {
    return this.#span.spanContext().spanId;
  }

  /** Fields of a log line about the call. */
  get logFields(): { readonly call_id?: string; readonly trace_id: string } {
    const callId = this.#root?.callId;
    return { ...(callId === undefined ? {} : { call_id: callId }), trace_id: this.traceId };
  }

  /** The W3C `traceparent` header value that makes the receiver's spans children of this one. */
  get traceparent(): string {
    const { traceId, spanId, traceFlags } = this.#span.spanContext();
    // The call may have become one that is exported after its spans were begun.
    const flags = this.#root?.wanted === true ? traceFlags | TraceFlags.SAMPLED : traceFlags;
    return `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`;
  }

  /** Starts a child; the caller ends it. */
  child(name: string, attributes: SpanAttributes = {}, kind: Kind = 'internal'): CallSpan {
    return this.#start(name, attributes, kind, this.#apart);
  }

  /**
   * Starts a child that may fail without the call failing: something else is tried then, or whoever tries says what it comes to. Nothing in it or
   * beneath marks the root.
   */
  attempt(name: string, attributes: SpanAttributes = {}, kind: Kind = 'internal'): CallSpan {
    return this.#start(name, attributes, kind, true);
  }

  #start(name: string, attributes: SpanAttributes, kind: Kind, apart: boolean): CallSpan {
    const all = this.#shown({ ...this.#root?.forChild, ...attributes });
    const span = this.#tracer.startSpan(name, { kind: KINDS[kind], attributes: all }, this.#context);
    return new CallSpan(this.#tracer, span, this.#context, { name, root: this.#root, apart });
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

  /** These texts stand in nothing of the call's trace from now on. */
  hide(values: readonly string[]): void {
    this.#root?.hide(values);
  }

  #shown(attributes: SpanAttributes): SpanAttributes {
    return this.#root?.shown(attributes) ?? attributes;
  }

  set(attributes: SpanAttributes): void {
    this.#span.setAttributes(this.#shown(attributes));
    if (this.#root?.is(this.#span) === true) this.#root.know(attributes);
  }

  event(name: string, attributes: SpanAttributes = {}): void {
    this.#span.addEvent(name, this.#shown(attributes));
  }

  /** Something was skipped, clamped or defaulted, or could not be had; the call goes on. */
  warn(fault: Fault): void {
    this.#span.addEvent('pivot.warning', this.#shown(faultAttributes(fault)));
    if (fault.severity === 'error' && !this.#apart) this.#root?.failed(fault, this.#name, false);
    else this.#root?.warned(fault, this.#name);
  }

  /** What the span stands for failed. `decisive`: it ended the call, or sent it to its failback. */
  fail(fault: Fault, decisive = false): void {
    const about = this.#shown(faultAttributes(fault));
    const message = `${fault.code} ${fault.message}`;
    this.#span.setAttributes({ ...about, 'error.type': fault.code });
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: this.#root?.text(message) ?? message });
    this.#span.addEvent('pivot.error', about);
    if (!this.#apart) this.#root?.failed(fault, this.#name, decisive || this.#root.is(this.#span));
  }

  /** A SIP server refused the request with a status that nobody meant: neither busy nor absent. */
  refused(sipStatus: number): void {
    this.#span.setAttribute('error.type', String(sipStatus));
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: `SIP ${sipStatus}` });
  }

  /** A web server answered one of the call's exchanges with this HTTP status; the root carries the worst. */
  answered(status: number): void {
    this.#root?.answered(status);
  }

  end(): void {
    this.#span.end();
  }
}
