import { type Fault, fault } from '../../crds/errors/fault.ts';
import { webhookCodes } from '../../crds/errors/webhook.ts';
import type { CallFacts } from '../call/facts.ts';
import { pause } from '../call/waiting.ts';
import type { CookieJar } from '../outgoing/cookies.ts';
import type { Outgoing } from '../outgoing/types.ts';
import { redactUrl } from '../outgoing/url.ts';
import type { CallSpan } from '../telemetry/span.ts';
import { type Attempt, performAttempt } from './attempt.ts';
import { backoff } from './backoff.ts';
import type { ResponseBody } from './dispatch.ts';
import type { ExchangeLimiter } from './limiter.ts';
import { buildParameters } from './parameters.ts';
import type { PivotSettings, WebhookMethod } from './settings.ts';

/** One exchange to be made. */
export interface ExchangeRequest {
  readonly settings: PivotSettings;
  /** Absolute: `settings.voiceUrl`, or what a verb resolved against the last document's URL. */
  readonly url: string;
  readonly method: WebhookMethod;
  readonly facts: CallFacts;
  /** What the verb that asks for the exchange adds: `Digits`, `RecordingUrl`, … Empty for the first. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Digits are replaced by `***` in everything recorded. */
  readonly sensitive: boolean;
  /** The call's; when it aborts the exchange rejects with its reason. */
  readonly signal: AbortSignal;
}

export interface ExchangeDeps {
  readonly outgoing: Outgoing;
  /** Parent of the attempts' spans. */
  readonly span: CallSpan;
  /** The call's; gives the exchange its number. */
  readonly limiter: ExchangeLimiter;
  /** The call's; without one no cookies are kept. */
  readonly cookies?: CookieJar;
  /** For `User-Agent: Pivot/VERSION`. */
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
}

/** How an exchange ended. `exchange`: its number in the call, from 1; 0 when it was not admitted. */
export type ExchangeOutcome =
  | {
      readonly ok: true;
      readonly exchange: number;
      /** Where the document came from, after redirects: base of relative URLs. */
      readonly documentUrl: string;
      readonly body: ResponseBody;
      /** The answer came from `fallback_url`. */
      readonly fallback: boolean;
    }
  | { readonly ok: false; readonly exchange: number; readonly fault: Fault };

/** Milliseconds before the first repetition; doubles with each, up to `MAX_BACKOFF_MS`. */
const BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 1000;

/**
 * Makes one exchange: the request, its repetitions as the settings allow, then `fallback_url`. Each attempt is a CLIENT span beneath
 * `deps.span`, with warnings and errors in it. Rejects only with the signal's reason.
 */
export async function performExchange(request: ExchangeRequest, deps: ExchangeDeps): Promise<ExchangeOutcome> {
  const { settings, facts, signal } = request;
  signal.throwIfAborted();
  const admission = deps.limiter.admit();
  if (!admission.ok) return { ok: false, exchange: 0, fault: admission.fault };
  const { exchange } = admission;
  const { parameters, warnings } = buildParameters(facts, settings.format, request.parameters);
  const first: Attempt = {
    settings,
    method: request.method,
    url: request.url,
    parameters,
    exchange,
    resend: 0,
    fallback: false,
    idempotencyKey: idempotencyKey(facts.callId, exchange, 'main'),
    sensitive: request.sensitive,
    warnings,
    signal,
  };
  let result = await performAttempt(first, deps);
  for (let resend = 1; !result.ok && resend <= settings.retries.attempts; resend += 1) {
    if (!settings.retries.on.some((kind) => !result.ok && result.retryOn.includes(kind))) break;
    deps.span.warn(
      fault(
        webhookCodes.attemptFailed,
        `exchange ${exchange}: attempt ${resend} failed and is repeated (${result.fault.code})`,
      ),
    );
    await pause(backoff(resend, BACKOFF_MS, MAX_BACKOFF_MS, deps.random), signal);
    result = await performAttempt({ ...first, resend, warnings: [] }, deps);
  }
  if (result.ok) return { ok: true, exchange, documentUrl: result.documentUrl, body: result.body, fallback: false };
  if (settings.fallbackUrl === undefined) return { ok: false, exchange, fault: result.fault };

  deps.span.warn(
    fault(webhookCodes.fallbackUsed, `exchange ${exchange}: fallback_url is asked after ${result.fault.code}`),
  );
  const fallback = await performAttempt(
    {
      ...first,
      url: settings.fallbackUrl,
      fallback: true,
      idempotencyKey: idempotencyKey(facts.callId, exchange, 'fallback'),
      // Twilio's names; the code and the trace are ours.
      parameters: new Map([
        ...parameters,
        ['ErrorCode', result.fault.code],
        ['ErrorUrl', shownUrl(request.url)],
        ['ErrorTraceId', deps.span.traceId],
      ]),
      warnings: [],
    },
    deps,
  );
  if (fallback.ok)
    return { ok: true, exchange, documentUrl: fallback.documentUrl, body: fallback.body, fallback: true };
  return { ok: false, exchange, fault: fallback.fault };
}

/** `CALL-ID/EXCHANGE/main` or `…/fallback`: the same for every repetition, so that a server can tell one. */
function idempotencyKey(callId: string, exchange: number, url: 'main' | 'fallback'): string {
  const printable = callId.toWellFormed().replace(/[^\x21-\x7e]/gu, (character) => encodeURIComponent(character));
  return `${printable}/${exchange}/${url}`;
}

function shownUrl(url: string): string {
  return redactUrl(URL.parse(url)?.href ?? url);
}
