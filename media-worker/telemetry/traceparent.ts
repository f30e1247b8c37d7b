import { type Context, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api';

const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Reads a `traceparent` (W3C Trace Context, section 3.2); undefined where it is none that a span can be put beneath. */
export function readTraceparent(text: string | undefined): SpanContext | undefined {
  const match = text === undefined ? null : FORM.exec(text.trim());
  if (match === null) return undefined;
  const [, version = '', traceId = '', spanId = '', flags = '', more] = match;
  // A later version may say more; the first may not, and 255 is none.
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}

/** What spans are put beneath that continue a trace of another process, or of an earlier run; without one they begin a trace. */
export function beneath(parent: SpanContext | undefined): Context {
  return parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
}

/** Traces that are remembered as joined. */
const MOST_JOINED = 10_000;

/**
 * Traces of others that calls have joined. A call is known by its trace, in the debug API as in its links, so a trace is joined by one call of a
 * worker: what else comes with it (a fork, a transfer) gets a trace of its own, with a link.
 */
export class JoinedTraces {
  readonly #joined = new Set<string>();

  /** Whether the next call may join. */
  join(traceId: string): boolean {
    if (this.#joined.has(traceId)) return false;
    this.#joined.add(traceId);
    if (this.#joined.size > MOST_JOINED) for (const oldest of this.#joined.keys().take(1)) this.#joined.delete(oldest);
    return true;
  }
}
