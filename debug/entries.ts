import { callAttributes } from './call-source.ts';
import type { StoredCall, StoredSpan } from './stored-call.ts';

/** Set where a body or headers were cut. */
const TRUNCATED = [
  'pivot.webhook.request.body.truncated',
  'pivot.webhook.request.headers.truncated',
  'pivot.webhook.response.body.truncated',
  'pivot.webhook.response.headers.truncated',
];

/** Kazoo counts seconds from the year 0. */
const GREGORIAN_EPOCH_SECONDS = 62_167_219_200;

/** One attempt of an exchange, or of a CDR callback, in the debug log: Kazoo's request and response entries in one (`pivot-behaviour.md` section 7). */
export interface DebugEntry {
  readonly id: string;
  readonly call_id: string;
  readonly debug_id: string;
  /** Number of the exchange in its call. Retries share it; a CDR callback has that of the last exchange (Kazoo). */
  readonly iteration: number;
  /** Ours: Kazoo leaves one to guess it from `uri`. Absent for exchanges. */
  readonly kind?: 'cdr';
  /** Gregorian seconds. */
  readonly created: number;
  /** RFC 3339, to the millisecond, and an index, so that entries can be ordered. */
  readonly timestamp: string;
  readonly index: number;
  readonly node: string;
  readonly uri: string;
  readonly method: string;
  readonly req_headers?: Readonly<Record<string, unknown>>;
  readonly req_body?: string;
  readonly resp_status_code?: string;
  readonly resp_headers?: Readonly<Record<string, unknown>>;
  readonly resp_body?: string;
  readonly elapsed_ms?: number;
  readonly truncated?: boolean;
  readonly error?: DebugFault;
  readonly warnings?: readonly DebugFault[];
  readonly schema_errors?: readonly DebugFault[];
  readonly json_errors?: readonly { readonly message: string; readonly before: string; readonly after: string }[];
  readonly xml_errors?: readonly DebugFault[];
}

export interface DebugFault {
  readonly code: string;
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
  readonly pointer?: string;
}

/** One call in the list: its first exchange, and whether any exchange failed. */
export interface DebugRow {
  readonly call_id: string;
  readonly created: number;
  readonly iteration: 1;
  readonly node: string;
  readonly uri: string;
  readonly status_code: string;
  readonly has_schema_errors: boolean;
  readonly has_json_errors: boolean;
  readonly has_errors: boolean;
  readonly debug_id: string;
  readonly callflow: string;
  readonly number: string;
  readonly trace_id: string;
}

export function gregorianSeconds(epochMs: number): number {
  return Math.floor(epochMs / 1000) + GREGORIAN_EPOCH_SECONDS;
}

export function epochMs(gregorian: number): number {
  return (gregorian - GREGORIAN_EPOCH_SECONDS) * 1000;
}

/** `YYYYMM-CALLID`. */
export function debugId(call: Pick<StoredCall, 'callId' | 'startedAt'>): string {
  return `${new Date(call.startedAt).toISOString().slice(0, 7).replace('-', '')}-${call.callId}`;
}

/** A call's exchanges and CDR callbacks, oldest first. `node`: where the call was, if the trace does not say. */
export function entriesOf(call: StoredCall, node: string): DebugEntry[] {
  const spans = attempts(call);
  const last = lastExchange(spans);
  return spans.map((span, index) => entryOf(call, span, { index, last, node: call.node ?? node }));
}

/** The number of a call's last exchange; 0: there is none. */
export function lastExchange(spans: readonly StoredSpan[]): number {
  return spans.reduce((most, { attributes }) => Math.max(most, Number(attributes['pivot.exchange'] ?? 0)), 0);
}

/** The call's row, or undefined when it made no request. */
export function rowOf(call: StoredCall, node: string): DebugRow | undefined {
  const entries = entriesOf(call, node);
  const first = entries[0];
  if (first === undefined) return undefined;
  const last = entries.findLast(({ iteration, kind }) => iteration === first.iteration && kind === undefined) ?? first;
  const attributes = callAttributes(call);
  return {
    call_id: call.callId,
    created: gregorianSeconds(call.startedAt),
    iteration: 1,
    node: call.node ?? node,
    uri: first.uri,
    status_code: last.resp_status_code ?? '',
    has_schema_errors: entries.some((entry) => entry.schema_errors !== undefined),
    has_json_errors: entries.some((entry) => entry.json_errors !== undefined),
    has_errors: entries.some((entry) => entry.error !== undefined),
    debug_id: debugId(call),
    callflow: String(attributes['pivot.callflow'] ?? ''),
    number: String(attributes['pivot.number'] ?? ''),
    trace_id: call.traceId,
  };
}

/** The CLIENT spans of exchanges and CDR callbacks. */
export function attempts(call: Pick<StoredCall, 'spans'>): StoredSpan[] {
  return call.spans.filter(isAttempt);
}

export function isAttempt({ attributes }: StoredSpan): boolean {
  return attributes['url.full'] !== undefined && (attributes['pivot.exchange'] !== undefined || isCdr(attributes));
}

function isCdr(attributes: StoredSpan['attributes']): boolean {
  return attributes['pivot.webhook.kind'] === 'cdr';
}

/** `index`: its place among the call's entries; `last`: the number of the call's last exchange. */
export function entryOf(
  call: Pick<StoredCall, 'callId' | 'startedAt'>,
  span: StoredSpan,
  { index, last, node }: { index: number; last: number; node: string },
): DebugEntry {
  const { attributes } = span;
  const errors = faultsOf(span, 'pivot.error');
  const warnings = faultsOf(span, 'pivot.warning');
  const status = attributes['http.response.status_code'];
  const requestHeaders = headers(attributes['pivot.webhook.request.headers']);
  const responseHeaders = headers(attributes['pivot.webhook.response.headers']);
  const requestBody = attributes['pivot.webhook.request.body'];
  const responseBody = attributes['pivot.webhook.response.body'];
  const truncated = TRUNCATED.some((name) => attributes[name] === true);
  return {
    id: span.spanId,
    call_id: call.callId,
    debug_id: debugId(call),
    iteration: Number(attributes['pivot.exchange'] ?? last),
    ...(isCdr(attributes) ? { kind: 'cdr' } : {}),
    created: gregorianSeconds(span.startedAt),
    timestamp: new Date(span.startedAt).toISOString(),
    index,
    node,
    uri: String(attributes['url.full']),
    method: String(attributes['http.request.method'] ?? '').toLowerCase(),
    ...(requestHeaders === undefined ? {} : { req_headers: requestHeaders }),
    ...(requestBody === undefined ? {} : { req_body: String(requestBody) }),
    ...(status === undefined ? {} : { resp_status_code: String(status) }),
    ...(responseHeaders === undefined ? {} : { resp_headers: responseHeaders }),
    ...(responseBody === undefined ? {} : { resp_body: String(responseBody) }),
    ...(span.endedAt === undefined ? {} : { elapsed_ms: Math.round(span.endedAt - span.startedAt) }),
    ...(truncated ? { truncated } : {}),
    ...(errors[0] === undefined ? {} : { error: errors[0] }),
    ...(warnings.length === 0 ? {} : { warnings }),
    ...invalidity(span),
  };
}

/** What was wrong with the document, as Kazoo's error entries tell it apart. */
function invalidity(span: StoredSpan): Pick<DebugEntry, 'schema_errors' | 'json_errors' | 'xml_errors'> {
  const details = faultsOf(span, 'pivot.webhook.invalid');
  const json = span.events
    .filter((event) => event.name === 'pivot.webhook.json_error')
    .map(({ attributes }) => ({
      message: String(attributes['message']),
      before: String(attributes['before']),
      after: String(attributes['after']),
    }));
  if (json.length > 0) return { json_errors: json };
  if (details.length === 0) return {};
  return span.attributes['pivot.webhook.translator'] === 'twiml' ? { xml_errors: details } : { schema_errors: details };
}

function faultsOf(span: StoredSpan, name: string): DebugFault[] {
  return span.events
    .filter((event) => event.name === name)
    .map(({ attributes }) => ({
      code: String(attributes['pivot.error.code']),
      message: String(attributes['pivot.error.message']),
      ...(typeof attributes['pivot.error.line'] === 'number' ? { line: attributes['pivot.error.line'] } : {}),
      ...(typeof attributes['pivot.error.column'] === 'number' ? { column: attributes['pivot.error.column'] } : {}),
      ...(typeof attributes['pivot.error.pointer'] === 'string' ? { pointer: attributes['pivot.error.pointer'] } : {}),
    }));
}

/** Headers are kept as one JSON object, so that a span's attributes stay few. */
function headers(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'string') return undefined;
  try {
    return JSON.parse(value) as Record<string, unknown>;
  } catch {
    return { unreadable: value };
  }
}
