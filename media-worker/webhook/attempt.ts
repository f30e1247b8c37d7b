import type { Fault } from '../../crds/errors/fault.ts';
import type { RetryOn } from '../../crds/resources.ts';
import type { CookieJar } from '../outgoing/cookies.ts';
import type { Outgoing, OutgoingRequest, OutgoingResult } from '../outgoing/types.ts';
import { parseTarget } from '../outgoing/url.ts';
import { type CallSpan, faultAttributes, type SpanAttributes } from '../telemetry/span.ts';
import { type Dispatched, dispatchResponse, type ResponseBody } from './dispatch.ts';
import { encodeRequest, mergeQuery } from './encode.ts';
import { maskDigits, type Parameters } from './parameters.ts';
import { createRedactor, type Redactor, recordBody, recordHeaders, recordText } from './record.ts';
import type { PivotSettings, WebhookMethod } from './settings.ts';
import {
  bodySha256,
  PIVOT_SIGNATURE_HEADER,
  pivotSignature,
  TWILIO_SIGNATURE_HEADER,
  twilioSignature,
} from './signature.ts';

export const ACCEPT = 'application/json, application/xml, text/xml';
export const IDEMPOTENCY_HEADER = 'x-pivot-idempotency-key';

/** Details of an invalid document that become events of the span. */
const MAX_DETAILS = 20;

/** One HTTP request of an exchange. */
export interface Attempt {
  readonly settings: PivotSettings;
  readonly method: WebhookMethod;
  readonly url: string;
  readonly parameters: Parameters;
  readonly exchange: number;
  /** How often this request has been sent before. */
  readonly resend: number;
  readonly fallback: boolean;
  readonly idempotencyKey: string;
  readonly sensitive: boolean;
  readonly warnings: readonly Fault[];
  readonly signal: AbortSignal;
}

export interface AttemptDeps {
  readonly outgoing: Outgoing;
  readonly span: CallSpan;
  readonly cookies?: CookieJar;
  readonly version: string;
  readonly now: () => number;
}

export type AttemptResult =
  | { readonly ok: true; readonly body: ResponseBody; readonly documentUrl: string }
  | { readonly ok: false; readonly fault: Fault; readonly retryOn: readonly RetryOn[] };

/** Sends one request within a CLIENT span and reads the answer. Rejects only with the signal's reason. */
export async function performAttempt(attempt: Attempt, deps: AttemptDeps): Promise<AttemptResult> {
  const span = deps.span.child(attempt.method, {}, 'client');
  try {
    for (const warning of attempt.warnings) span.warn(warning);
    const request = requestOf(attempt, deps, span);
    const redactor = redactorOf(attempt);
    span.set(requestAttributes(attempt, redactor, deps));
    const result = await deps.outgoing.request(request);
    span.set(resultAttributes(attempt, result, redactor));
    return judge(attempt, result, span, redactor);
  } catch (error) {
    span.set({ 'error.type': 'aborted', 'pivot.webhook.aborted': true });
    throw error;
  } finally {
    span.end();
  }
}

function requestOf(attempt: Attempt, deps: AttemptDeps, span: CallSpan): OutgoingRequest {
  const { settings, method, signal } = attempt;
  const encoded = encodeRequest(method, attempt.url, attempt.parameters, settings.bodyFormat);
  const { body, contentType, form } = encoded;
  const key = settings.signingKey;
  const json = body !== undefined && contentType === 'application/json';
  const url = key !== undefined && json ? mergeQuery(encoded.url, [['bodySHA256', bodySha256(body)]]) : encoded.url;
  const configured = isConfiguredHost(attempt.url, settings);
  const credentials = configured ? credentialsFor(attempt.url, settings) : undefined;
  return {
    method,
    url,
    ...(body === undefined ? {} : { body }),
    headers: {
      'user-agent': `Pivot/${deps.version}`,
      accept: ACCEPT,
      traceparent: span.traceparent,
      [IDEMPOTENCY_HEADER]: attempt.idempotencyKey,
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
    },
    originHeaders: {
      ...(credentials === undefined ? {} : { authorization: credentials }),
      ...(configured ? Object.fromEntries(settings.headers.map(({ name, value }) => [name.toLowerCase(), value])) : {}),
    },
    ...(key === undefined
      ? {}
      : {
          sign: (hop) => ({
            [TWILIO_SIGNATURE_HEADER]: twilioSignature(key, hop.url, hop.body === undefined ? [] : form),
            [PIVOT_SIGNATURE_HEADER]: pivotSignature(
              key,
              Math.floor(deps.now() / 1000),
              hop.method,
              hop.url,
              typeof hop.body === 'string' ? hop.body : '',
            ),
          }),
        }),
    timeoutMs: settings.timeoutMs,
    signal,
    ...(configured ? { tls: settings.tls } : {}),
    ...(deps.cookies === undefined ? {} : { cookies: deps.cookies }),
    // The idempotency key tells the server.
    replayable: true,
  };
}

/**
 * Whether the resource's author named the host of `url`: custom headers and TLS exceptions hold for the hosts of `voice_url` and
 * `fallback_url` only, and never for plain HTTP where HTTPS was written, so that a document cannot send a key elsewhere.
 */
export function isConfiguredHost(url: string, settings: Pick<PivotSettings, 'voiceUrl' | 'fallbackUrl'>): boolean {
  const asked = URL.parse(url);
  return [settings.voiceUrl, settings.fallbackUrl].some((known) => {
    const named = known === undefined ? null : URL.parse(known);
    if (asked === null || named === null || asked.hostname !== named.hostname) return false;
    return asked.protocol === named.protocol || asked.protocol === 'https:';
  });
}

/** Credentials that the author wrote into `voice_url` or `fallback_url` hold for every URL of the same origin. */
function credentialsFor(url: string, settings: PivotSettings): string | undefined {
  const asked = parseTarget(url);
  if (!asked.ok || asked.target.authorization !== undefined) return undefined;
  for (const known of [settings.voiceUrl, settings.fallbackUrl]) {
    const named = known === undefined ? undefined : parseTarget(known);
    if (named?.ok === true && named.target.origin === asked.target.origin && named.target.authorization !== undefined) {
      return named.target.authorization;
    }
  }
  return undefined;
}

function redactorOf(attempt: Attempt): Redactor {
  if (!attempt.sensitive) return createRedactor(attempt.settings.secrets);
  const digits = attempt.parameters.get('Digits');
  const values = typeof digits === 'object' && digits !== null ? Object.values(digits) : [digits];
  return createRedactor(
    attempt.settings.secrets,
    values.filter((value) => typeof value === 'string'),
  );
}

/**
 * Without `debug` the URL is recorded as it was configured: the values that Pivot adds to a GET's query are a body's equal and stay out
 * of the trace.
 */
function requestAttributes(attempt: Attempt, redactor: Redactor, deps: AttemptDeps): SpanAttributes {
  const { settings, method, url, resend } = attempt;
  const shown = attempt.sensitive ? maskDigits(attempt.parameters) : attempt.parameters;
  const encoded = encodeRequest(method, url, shown, settings.bodyFormat);
  const target = parseTarget(url);
  const full = URL.parse(settings.debug ? encoded.url : url)?.href ?? url;
  return {
    'http.request.method': method,
    'url.full': redactor.text(full),
    ...(target.ok ? { 'server.address': target.target.hostname, 'server.port': target.target.port } : {}),
    ...(resend > 0 ? { 'http.request.resend_count': resend } : {}),
    ...(encoded.body === undefined ? {} : { 'http.request.body.size': Buffer.byteLength(encoded.body) }),
    'user_agent.original': `Pivot/${deps.version}`,
    'pivot.exchange': attempt.exchange,
    'pivot.webhook.idempotency_key': attempt.idempotencyKey,
    ...(attempt.fallback ? { 'pivot.webhook.fallback': true } : {}),
    ...(settings.debug && encoded.body !== undefined
      ? recordText('pivot.webhook.request.body', encoded.body, redactor)
      : {}),
  };
}

function resultAttributes(attempt: Attempt, result: OutgoingResult, redactor: Redactor): SpanAttributes {
  const { trail } = result;
  const { dnsMs, connectMs, tlsMs, firstByteMs, totalMs } = trail.timings;
  const round = (ms: number): number => Math.round(ms * 1000) / 1000;
  const { debug } = attempt.settings;
  return {
    ...(trail.peer === undefined
      ? {}
      : { 'network.peer.address': trail.peer.address, 'network.peer.port': trail.peer.port }),
    ...(trail.redirects.length === 0
      ? {}
      : {
          'pivot.webhook.redirects': trail.redirects.map(
            ({ status, to }) => `${status} ${redactor.text(debug ? to : withoutQuery(to))}`,
          ),
        }),
    ...(dnsMs === undefined ? {} : { 'pivot.webhook.dns_ms': round(dnsMs) }),
    ...(connectMs === undefined ? {} : { 'pivot.webhook.connect_ms': round(connectMs) }),
    ...(tlsMs === undefined ? {} : { 'pivot.webhook.tls_ms': round(tlsMs) }),
    ...(firstByteMs === undefined ? {} : { 'pivot.webhook.first_byte_ms': round(firstByteMs) }),
    'pivot.webhook.total_ms': round(totalMs),
    'pivot.webhook.connection_reused': trail.reused,
    ...(debug ? recordHeaders('pivot.webhook.request.headers', trail.sent, redactor) : {}),
    ...(result.ok
      ? {
          'http.response.status_code': result.response.status,
          'http.response.body.size': result.response.wireBytes,
          ...(debug
            ? {
                ...recordHeaders('pivot.webhook.response.headers', result.response.headers, redactor),
                ...recordBody('pivot.webhook.response.body', result.response.body, redactor),
                ...(result.response.partial ? { 'pivot.webhook.response.body.truncated': true } : {}),
              }
            : {}),
        }
      : {}),
  };
}

function withoutQuery(url: string): string {
  const mark = url.indexOf('?');
  return mark === -1 ? url : url.slice(0, mark);
}

function judge(attempt: Attempt, result: OutgoingResult, span: CallSpan, redactor: Redactor): AttemptResult {
  if (!result.ok) {
    span.fail(clean(result.fault, redactor));
    return { ok: false, fault: clean(result.fault, redactor), retryOn: result.retryOn };
  }
  const { response, trail } = result;
  const type = response.headers['content-type'];
  const dispatched = dispatchResponse(
    { status: response.status, contentType: typeof type === 'string' ? type : type?.[0], body: response.body },
    { strict: attempt.settings.strict },
  );
  if (!dispatched.ok) {
    const fault = clean(dispatched.fault, redactor);
    reportInvalid(dispatched, span, redactor);
    span.fail(fault);
    return { ok: false, fault, retryOn: response.status >= 500 && response.status <= 599 ? ['5xx'] : [] };
  }
  const { body } = dispatched;
  span.set({ 'pivot.webhook.translator': body.format });
  for (const warning of body.warnings) span.warn(warning);
  // Relative URLs are resolved against the URL asked, without what Pivot put into its query (spec pivot-behaviour 5.12).
  const asked = parseTarget(attempt.url);
  const documentUrl = trail.redirects.length === 0 && asked.ok ? asked.target.href : trail.url;
  return { ok: true, body, documentUrl };
}

function reportInvalid(dispatched: Extract<Dispatched, { ok: false }>, span: CallSpan, redactor: Redactor): void {
  if (dispatched.format !== undefined) span.set({ 'pivot.webhook.translator': dispatched.format });
  for (const detail of dispatched.details.slice(0, MAX_DETAILS)) {
    span.event('pivot.webhook.invalid', faultAttributes(clean(detail, redactor)));
  }
  const { jsonError } = dispatched;
  if (jsonError !== undefined) {
    span.event('pivot.webhook.json_error', {
      message: jsonError.message,
      before: redactor.text(jsonError.before),
      after: redactor.text(jsonError.after),
    });
  }
}

/** Messages quote what was sent and answered. */
function clean(fault: Fault, redactor: Redactor): Fault {
  return { ...fault, message: redactor.text(fault.message) };
}
