import { context, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import type { Fault } from '../../crds/errors/fault.ts';
import { ROOT_SPAN } from '../../runtime/span-names.ts';

type Values = Readonly<Record<string, string | number | boolean>>;

/** A span as media workers record it, for tests that need no media worker. */
export interface TestSpan {
  readonly traceId: string;
  readonly spanId: string;
  child(name: string, attributes?: Values): TestSpan;
  set(attributes: Values): void;
  event(name: string, attributes?: Values): void;
  warn(fault: Fault): void;
  fail(fault: Fault): void;
  /** `at`: epoch milliseconds; now without. */
  end(at?: number): void;
}

/** Starts a call's trace. */
export function startCall(tracer: Tracer, attributes: Values, startTime?: number): TestSpan {
  const options = { kind: SpanKind.SERVER, attributes, ...(startTime === undefined ? {} : { startTime }) };
  return wrap(tracer, tracer.startSpan(ROOT_SPAN, options));
}

/** An exchange of a call as the webhook client records it; the caller ends it. */
export function startExchange(call: TestSpan, number: number, attributes: Values = {}): TestSpan {
  const span = call.child('POST');
  span.set({
    'pivot.exchange': number,
    'http.request.method': 'POST',
    'url.full': `https://app.example.com/${number}`,
    'http.response.status_code': 200,
    ...attributes,
  });
  return span;
}

function wrap(tracer: Tracer, span: Span): TestSpan {
  const { traceId, spanId } = span.spanContext();
  return {
    traceId,
    spanId,
    child: (name, attributes = {}) =>
      wrap(tracer, tracer.startSpan(name, { attributes }, trace.setSpan(context.active(), span))),
    set: (attributes) => span.setAttributes(attributes),
    event: (name, attributes = {}) => span.addEvent(name, attributes),
    warn: (fault) => span.addEvent('pivot.warning', attributesOf(fault)),
    fail(fault) {
      span.setAttributes(attributesOf(fault));
      span.setStatus({ code: SpanStatusCode.ERROR, message: `${fault.code} ${fault.message}` });
      span.addEvent('pivot.error', attributesOf(fault));
    },
    end: (at) => span.end(at),
  };
}

function attributesOf({ code, message, place }: Fault): Values {
  return {
    'pivot.error.code': code,
    'pivot.error.message': message,
    ...(place?.line === undefined ? {} : { 'pivot.error.line': place.line }),
    ...(place?.column === undefined ? {} : { 'pivot.error.column': place.column }),
    ...(place?.pointer === undefined ? {} : { 'pivot.error.pointer': place.pointer }),
  };
}
