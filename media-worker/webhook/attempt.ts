import type { Fault } from '../../crds/errors/fault.ts';
import type { RetryOn } from '../../crds/resources.ts';
import type { CookieJar } from '../outgoing/cookies.ts';
import type { Outgoing, OutgoingRequest, OutgoingResult } from '../outgoing/types.ts';
import { parseTarget } from '../outgoing/url.ts';
import { faultAttributes } from '../telemetry/fault-attributes.ts';
import type { CallSpan, SpanAttributes } from '../telemetry/span.ts';
import { type Dispatched, dispatchResponse, type ResponseBody } from './dispatch.ts';
import { type Encoded, encodeRequest, mergeQuery } from './encode.ts';
import { IDEMPOTENCY_HEADER, signer, webhookHeaders } from './headers.ts';
import { requestAttributes, resultAttributes } from './http-attributes.ts';
import { maskDigits, type Parameters } from './parameters.ts';
import { createRedactor, proofsIn, type Redactor } from './record.ts';
import type { PivotSettings, WebhookMethod } from './settings.ts';
import { bodySha256 } from './signature.ts';

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
  /** Parent of the attempt's span. */
  readonly span: CallSpan;
  readonly cookies?: CookieJar;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export type AttemptResult =
  | { readonly ok: true; readonly body: ResponseBody; readonly documentUrl: string }
  | { readonly ok: false; readonly fault: Fault; readonly retryOn: readonly RetryOn[] };

/** Sends one request within a CLIENT span and reads the answer. Rejects only with the signal's reason. */
export async function performAttempt(attempt: Attempt, deps: AttemptDeps): Promise<AttemptResult> {
  const span = deps.span.attempt(attempt.method, {}, 'client');
  try {
    for (const warning of attempt.warnings) span.warn(warning);
    // Not only here: the document that comes may speak of them.
    span.hide(typedIn(attempt));
    const redactor = redactorOf(attempt);
    const encoded = encodeRequest(attempt.method, attempt.url, attempt.parameters, attempt.settings.bodyFormat);
    const request = requestOf(attempt, encoded, deps, span);
    span.set(attributesOf(attempt, encoded, redactor, deps));
    const result = await deps.outgoing.request(request);
    // A server may give back what it was shown.
    const proofs = proofsIn(result.trail.sent);
    const all = proofs.length === 0 ? redactor : redactorOf(attempt, proofs);
    span.set(resultAttributes(result, attempt.settings.debug, all));
    return judge(attempt, result, span, all);
  } catch (error) {
    span.set({ 'error.type': 'aborted', 'pivot.webhook.aborted': true });
    throw error;
  } finally {
    span.end();
  }
}

function requestOf(attempt: Attempt, encoded: Encoded, deps: AttemptDeps, span: CallSpan): OutgoingRequest {
  const { settings, method, signal } = attempt;
  const { url, body, contentType, form } = encoded;
  const key = settings.signingKey;
  // Twilio covers a JSON body by its hash in the URL.
  const hashed = key !== undefined && body !== undefined && contentType === 'application/json';
  const common = webhookHeaders(attempt.url, settings, { userAgent: `Pivot/${deps.version}`, span, contentType });
  return {
    ...common,
    headers: { ...common.headers, [IDEMPOTENCY_HEADER]: attempt.idempotencyKey },
    method,
    url: hashed ? mergeQuery(url, [['bodySHA256', bodySha256(body)]]) : url,
    ...(body === undefined ? {} : { body }),
    ...(key === undefined ? {} : { sign: signer(key, form, deps.now) }),
    timeoutMs: settings.timeoutMs,
    signal,
    ...(deps.cookies === undefined ? {} : { cookies: deps.cookies }),
    // The idempotency key tells the server.
    replayable: true,
  };
}

function redactorOf(attempt: Attempt, proofs: readonly string[] = []): Redactor {
  return createRedactor([...attempt.settings.secrets, ...proofs], typedIn(attempt));
}

/** Digits that nobody may see. */
function typedIn({ sensitive, parameters }: Attempt): string[] {
  if (!sensitive) return [];
  const digits = parameters.get('Digits');
  const values = typeof digits === 'object' && digits !== null ? Object.values(digits) : [digits];
  return values.filter((value) => typeof value === 'string');
}

/**
 * Without `debug` the URL is recorded as it was configured: what Pivot adds to a GET's query is the same as a POST's body and stays out
 * of the trace.
 */
function attributesOf(attempt: Attempt, sent: Encoded, redactor: Redactor, deps: AttemptDeps): SpanAttributes {
  const { settings, method, url, parameters } = attempt;
  const shown = attempt.sensitive ? encodeRequest(method, url, maskDigits(parameters), settings.bodyFormat) : sent;
  return {
    ...requestAttributes(
      {
        method,
        url: settings.debug ? shown.url : url,
        body: shown.body,
        resend: attempt.resend,
        userAgent: `Pivot/${deps.version}`,
        debug: settings.debug,
      },
      redactor,
    ),
    'pivot.exchange': attempt.exchange,
    'pivot.webhook.idempotency_key': attempt.idempotencyKey,
    ...(attempt.fallback ? { 'pivot.webhook.fallback': true } : {}),
  };
}

function judge(attempt: Attempt, result: OutgoingResult, span: CallSpan, redactor: Redactor): AttemptResult {
  if (!result.ok) {
    const fault = clean(result.fault, redactor);
    span.fail(fault);
    return { ok: false, fault, retryOn: result.retryOn };
  }
  const { response, trail } = result;
  span.answered(response.status);
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
  for (const warning of body.warnings) span.warn(clean(warning, redactor));
  // Relative URLs are resolved against the URL asked, without what Pivot put into its query (spec pivot-behaviour 5.12).
  const asked = parseTarget(attempt.url);
  return { ok: true, body, documentUrl: trail.redirects.length === 0 && asked.ok ? asked.target.href : trail.url };
}

function reportInvalid(dispatched: Extract<Dispatched, { ok: false }>, span: CallSpan, redactor: Redactor): void {
  if (dispatched.format !== undefined) span.set({ 'pivot.webhook.translator': dispatched.format });
  for (const detail of dispatched.details.slice(0, MAX_DETAILS)) {
    span.event('pivot.webhook.invalid', faultAttributes(clean(detail, redactor)));
  }
  const { jsonError } = dispatched;
  if (jsonError === undefined) return;
  span.event('pivot.webhook.json_error', {
    message: jsonError.message,
    before: redactor.text(jsonError.before),
    after: redactor.text(jsonError.after),
  });
}

/** Messages quote what was sent and answered. */
function clean(fault: Fault, redactor: Redactor): Fault {
  return { ...fault, message: redactor.text(fault.message) };
}
