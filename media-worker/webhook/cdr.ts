import type { Json } from '../../crds/callflow/node.ts';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import { webhookCodes } from '../../crds/errors/webhook.ts';
import type { Party } from '../call/facts.ts';
import { pause } from '../call/waiting.ts';
import type { Outgoing, OutgoingResult } from '../outgoing/types.ts';
import { redactUrl } from '../outgoing/url.ts';
import type { CallSpan } from '../telemetry/span.ts';
import { backoff } from './backoff.ts';
import { encodeForm, formPairs } from './encode.ts';
import { IDEMPOTENCY_HEADER, signer, webhookHeaders } from './headers.ts';
import { requestAttributes, resultAttributes } from './http-attributes.ts';
import type { Parameters } from './parameters.ts';
import { createRedactor, proofsIn } from './record.ts';
import type { PivotSettings } from './settings.ts';

/** One leg that is over: the material of a CDR callback. */
export interface CdrRecord {
  /** `a`: the caller's leg. `b`: one that was dialled for it. */
  readonly leg: 'a' | 'b';
  readonly callId: string;
  readonly account: string;
  readonly direction: 'inbound' | 'outbound';
  readonly from: Party;
  readonly to: Party;
  readonly request: Party;
  readonly callerIdName: string;
  readonly callerIdNumber: string;
  readonly calleeIdName?: string;
  readonly calleeIdNumber?: string;
  /** The leg it was connected with. */
  readonly otherLeg?: {
    readonly callId: string;
    readonly callerIdName?: string;
    readonly callerIdNumber?: string;
    readonly destinationNumber?: string;
    readonly direction?: 'inbound' | 'outbound';
  };
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly answeredAt?: number;
  readonly endedAt: number;
  /** FreeSWITCH's name of the Q.850 cause. */
  readonly hangupCause: string;
  /** SIP status of a leg that was not answered. */
  readonly sipStatus?: number;
  readonly recordings: readonly string[];
  /** The peer's SIP `User-Agent`. */
  readonly userAgent?: string;
  readonly mediaServer?: string;
  readonly customApplicationVars: Readonly<Record<string, Json>>;
  readonly customSipHeaders: Readonly<Record<string, string>>;
}

/** The names of spec pivot-behaviour 4.9. Times are whole seconds; `Timestamp` and `Channel-Created-Time` count from 1970. */
export function cdrParameters(record: CdrRecord): Parameters {
  const { otherLeg, createdAt, answeredAt, endedAt } = record;
  const seconds = (from: number, to: number): number => Math.max(0, Math.round((to - from) / 1000));
  const entries: [string, Json | undefined][] = [
    ['Leg', record.leg],
    ['Account-ID', record.account],
    ['Call-ID', record.callId],
    ['Call-Direction', record.direction],
    ['Timestamp', Math.floor(endedAt / 1000)],
    ['Media-Server', record.mediaServer],
    ['From', address(record.from)],
    ['To', address(record.to)],
    ['Request', address(record.request)],
    ['From-Uri', uri(record.from)],
    ['To-Uri', uri(record.to)],
    ['Caller-ID-Name', record.callerIdName || 'unknown'],
    ['Caller-ID-Number', record.callerIdNumber || 'anonymous'],
    ['Callee-ID-Name', record.calleeIdName],
    ['Callee-ID-Number', record.calleeIdNumber],
    ['Caller-Destination-Number', record.request.user],
    ['Other-Leg-Call-ID', otherLeg?.callId],
    ['Other-Leg-Caller-ID-Name', otherLeg?.callerIdName],
    ['Other-Leg-Caller-ID-Number', otherLeg?.callerIdNumber],
    ['Other-Leg-Destination-Number', otherLeg?.destinationNumber],
    ['Other-Leg-Direction', otherLeg?.direction],
    ['Duration-Seconds', seconds(createdAt, endedAt)],
    ['Billing-Seconds', answeredAt === undefined ? 0 : seconds(answeredAt, endedAt)],
    ['Ringing-Seconds', seconds(createdAt, answeredAt ?? endedAt)],
    ['Channel-Created-Time', Math.floor(createdAt / 1000)],
    ['Hangup-Cause', record.hangupCause],
    ['Hangup-Code', record.sipStatus === undefined ? undefined : `sip:${record.sipStatus}`],
    ['Disposition', answeredAt === undefined ? 'NO ANSWER' : 'ANSWER'],
    ['Media-Recordings', record.recordings],
    ['User-Agent', record.userAgent],
    ['Custom-Application-Vars', record.customApplicationVars],
    ['Custom-SIP-Headers', record.customSipHeaders],
  ];
  return new Map(entries.filter((entry): entry is [string, Json] => entry[1] !== undefined));
}

function address({ user, host }: Party): string | undefined {
  return user === undefined || host === undefined ? (user ?? host) : `${user}@${host}`;
}

function uri(party: Party): string | undefined {
  const text = address(party);
  return text === undefined ? undefined : `sip:${text}`;
}

/** Milliseconds for one attempt, and the number of attempts (spec pivot-behaviour 4.9 TARGET). */
const CDR_TIMEOUT_MS = 5000;
const CDR_ATTEMPTS = 3;
/** Milliseconds before the second attempt; doubles. */
const BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 5000;

export interface CdrDeps {
  readonly outgoing: Outgoing;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  /** Milliseconds before the second attempt; 500 unless given. */
  readonly backoffMs?: number;
}

export type CdrOutcome =
  | { readonly ok: true; readonly attempts: number }
  | { readonly ok: false; readonly fault: Fault };

/**
 * Posts one record to `settings.cdrUrl`, each attempt a CLIENT span beneath `span`. Any 2xx is a delivery; the body is not looked at.
 * Rejects only with the signal's reason.
 */
export async function sendCdr(
  record: CdrRecord,
  settings: PivotSettings & { readonly cdrUrl: string },
  span: CallSpan,
  signal: AbortSignal,
  deps: CdrDeps,
): Promise<CdrOutcome> {
  let last: Fault | undefined;
  for (let attempt = 1; attempt <= CDR_ATTEMPTS; attempt += 1) {
    if (attempt > 1)
      await pause(backoff(attempt - 1, deps.backoffMs ?? BACKOFF_MS, MAX_BACKOFF_MS, deps.random), signal);
    const sent = await postOnce(record, settings, span, signal, attempt - 1, deps);
    if (sent.ok) return { ok: true, attempts: attempt };
    last = sent.fault;
    if (!sent.again) break;
  }
  const message = `the record of leg ${record.leg} of ${record.callId} could not be delivered: ${last?.code} ${last?.message}`;
  return { ok: false, fault: fault(webhookCodes.cdrFailed, message) };
}

type PostResult = { readonly ok: true } | { readonly ok: false; readonly fault: Fault; readonly again: boolean };

async function postOnce(
  record: CdrRecord,
  settings: PivotSettings & { readonly cdrUrl: string },
  parent: CallSpan,
  signal: AbortSignal,
  resend: number,
  deps: CdrDeps,
): Promise<PostResult> {
  const url = settings.cdrUrl;
  const form = formPairs(cdrParameters(record));
  const body = encodeForm(form);
  const redactor = createRedactor(settings.secrets);
  const userAgent = `Pivot/${deps.version}`;
  const span = parent.attempt('POST', { 'pivot.webhook.kind': 'cdr', 'pivot.cdr.leg': record.leg }, 'client');
  try {
    span.set(requestAttributes({ method: 'POST', url, body, resend, userAgent, debug: settings.debug }, redactor));
    const common = webhookHeaders(url, settings, { userAgent, span, contentType: 'application/x-www-form-urlencoded' });
    const result = await deps.outgoing.request({
      ...common,
      headers: {
        ...common.headers,
        [IDEMPOTENCY_HEADER]: `${encodeURI(record.callId.toWellFormed())}/cdr/${record.leg}`,
      },
      method: 'POST',
      url,
      body,
      ...(settings.signingKey === undefined ? {} : { sign: signer(settings.signingKey, form, deps.now) }),
      timeoutMs: CDR_TIMEOUT_MS,
      signal,
      replayable: true,
    });
    const all = createRedactor([...settings.secrets, ...proofsIn(result.trail.sent)]);
    span.set(resultAttributes(result, settings.debug, all));
    const judged = judge(result, url);
    if (!judged.ok) span.fail({ ...judged.fault, message: all.text(judged.fault.message) });
    return judged;
  } finally {
    span.end();
  }
}

function judge(result: OutgoingResult, url: string): PostResult {
  if (!result.ok) return { ok: false, fault: result.fault, again: result.retryOn.length > 0 };
  const { status } = result.response;
  if (status >= 200 && status <= 299) return { ok: true };
  const entry =
    status >= 500 ? webhookCodes.statusServer : status >= 400 ? webhookCodes.statusClient : webhookCodes.statusOther;
  // RFC 9110 15.5.9, RFC 6585 4: what a client may repeat.
  const again = status >= 500 || status === 408 || status === 429;
  return { ok: false, fault: fault(entry, `${redactUrl(url)} answered ${status}`), again };
}
