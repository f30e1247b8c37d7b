import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api';
import type { Fault, PvCode } from '../../crds/errors/fault.ts';
import { DEBUG_ATTRIBUTE, ROOT_SPAN } from '../../runtime/span-names.ts';
import { faultAttributes } from './fault-attributes.ts';

/** What a call is looked for by: on its root span, and on spans that begin when the root has ended. */
const IDENTITY = ['pivot.call.id', 'pivot.account', 'pivot.callflow', 'pivot.number', 'pivot.from'] as const;

/** Shorter texts stand in too much else. */
const LEAST_HIDDEN = 4;

/**
 * The root span of a call, on which stands what people search for: who and where, what went wrong in it and in which span, the worst answer of
 * its web servers. The spans beneath share it.
 */
export class CallRoot {
  readonly #span: Span;
  readonly #identity: Attributes = {};
  #failed: PvCode | undefined;
  #warned = false;
  #worstStatus = 0;
  #wanted = false;
  readonly #hidden = new Set<string>();

  constructor(span: Span, attributes: Attributes) {
    this.#span = span;
    this.know(attributes);
  }

  is(span: Span): boolean {
    return this.#span === span;
  }

  /** Attributes of the root, of which those that identify the call are kept. */
  know(attributes: Attributes): void {
    for (const key of IDENTITY) if (attributes[key] !== undefined) this.#identity[key] = attributes[key];
    if (attributes[DEBUG_ATTRIBUTE] === true) this.#wanted = true;
  }

  /** These texts stand in nothing of the trace from now on: what a caller typed and nobody may see, in whatever a web server makes of it. */
  hide(values: readonly string[]): void {
    for (const value of values) if (value.length >= LEAST_HIDDEN) this.#hidden.add(value);
  }

  /** Without what is hidden. */
  shown(attributes: Attributes): Attributes {
    if (this.#hidden.size === 0) return attributes;
    return Object.fromEntries(
      Object.entries(attributes).map(([key, value]) => [key, typeof value === 'string' ? this.text(value) : value]),
    );
  }

  text(text: string): string {
    let clean = text;
    for (const value of this.#hidden) clean = clean.replaceAll(value, '***');
    return clean;
  }

  get callId(): string | undefined {
    const id = this.#identity['pivot.call.id'];
    return typeof id === 'string' ? id : undefined;
  }

  /** Its trace is exported whatever the sampler says. */
  get wanted(): boolean {
    return this.#wanted || this.#failed !== undefined;
  }

  /** What a span needs that begins now: when the root has gone already, it is found by itself. */
  get forChild(): Attributes {
    return this.#span.isRecording() ? {} : this.#identity;
  }

  /**
   * Something failed in the span of the name `where`. The first is the cause of what follows, and stays; `decisive` ones, which ended the call or
   * sent it to its failback, go before. The root's own failing leaves the place that is known of the same fault.
   */
  failed(fault: Fault, where: string, decisive: boolean): void {
    if (this.#failed !== undefined && !decisive) return;
    const known = where === ROOT_SPAN && this.#failed === fault.code;
    this.#failed = fault.code;
    if (known) return;
    this.#span.setAttributes({
      ...this.shown(faultAttributes(fault)),
      'error.type': fault.code,
      'pivot.error.span': where,
    });
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: this.text(`${fault.code} ${fault.message}`) });
  }

  /** Something was skipped, clamped or defaulted in the span `where`. The first is told. */
  warned(fault: Fault, where: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#span.setAttributes({
      'pivot.warning.code': fault.code,
      'pivot.warning.message': this.text(fault.message),
      'pivot.warning.span': where,
    });
  }

  /** A web server answered an exchange with this HTTP status. */
  answered(status: number): void {
    if (status <= this.#worstStatus) return;
    this.#worstStatus = status;
    this.#span.setAttribute('pivot.exchange.worst_status', status);
  }
}
