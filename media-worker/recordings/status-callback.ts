import { type Fault, fault } from '../../crds/errors/fault.ts';
import { recordingCodes } from '../../crds/errors/recording.ts';
import type { Outgoing } from '../outgoing/types.ts';
import { redactUrl } from '../outgoing/url.ts';
import type { CallSpan } from '../telemetry/span.ts';
import { encodeForm, type Pair } from '../webhook/encode.ts';
import { IDEMPOTENCY_HEADER, signer, webhookHeaders } from '../webhook/headers.ts';
import type { PivotSettings } from '../webhook/settings.ts';
import type { RecordingEntry, RecordingStatus, StatusCallback } from './entry.ts';

/** Whether something was delivered; `again`: whether it is of use to try again. */
export type Delivered = { readonly ok: true } | { readonly ok: false; readonly fault: Fault; readonly again: boolean };

/** Twilio's parameters of a `recordingStatusCallback`. */
export function statusParameters(entry: RecordingEntry, status: RecordingStatus): readonly Pair[] {
  return [
    ['AccountSid', entry.account],
    ['CallSid', entry.callId],
    ['RecordingSid', entry.sid],
    ['RecordingStatus', status],
    ...(status === 'completed' ? ([['RecordingUrl', entry.url]] as const) : []),
    ...(entry.durationMs === undefined
      ? []
      : ([['RecordingDuration', String(wholeSeconds(entry.durationMs))]] as const)),
    ['RecordingChannels', String(entry.channels)],
    ['RecordingStartTime', new Date(entry.startedAt).toUTCString()],
    ['RecordingSource', entry.source],
    ['RecordingTrack', entry.source === 'RecordVerb' || entry.source === 'RecordCaller' ? 'inbound' : 'both'],
  ];
}

/** Seconds as web servers are told: whole. */
export function wholeSeconds(ms: number): number {
  return Math.round(ms / 1000);
}

const TIMEOUT_MS = 10_000;
const NO_SETTINGS: Pick<PivotSettings, 'voiceUrl' | 'headers' | 'tls' | 'signingKey'> = {
  voiceUrl: '',
  headers: [],
  tls: {},
};

/** Tells a web server of a recording, once, signed like the webhooks of its callflow. Rejects only with the signal's reason. */
export async function tellStatus(
  entry: RecordingEntry,
  callback: StatusCallback,
  status: RecordingStatus,
  with_: {
    readonly outgoing: Outgoing;
    readonly settings: PivotSettings | undefined;
    readonly span: CallSpan;
    readonly userAgent: string;
    readonly signal: AbortSignal;
  },
): Promise<Delivered> {
  const { outgoing, span, signal, userAgent } = with_;
  const settings = with_.settings ?? NO_SETTINGS;
  const form = statusParameters(entry, status);
  const encoded = encodeForm(form);
  const post = callback.method === 'POST';
  const url = post ? callback.url : withQuery(callback.url, encoded);
  const contentType = post ? 'application/x-www-form-urlencoded' : undefined;
  const common = webhookHeaders(url, settings, { userAgent, span, contentType });
  const result = await outgoing.request({
    ...common,
    headers: { ...common.headers, [IDEMPOTENCY_HEADER]: `${entry.sid}/${status}` },
    method: callback.method,
    url,
    ...(post ? { body: encoded } : {}),
    ...(settings.signingKey === undefined ? {} : { sign: signer(settings.signingKey, form, Date.now) }),
    timeoutMs: TIMEOUT_MS,
    signal,
    replayable: true,
  });
  const about = `the status "${status}" of ${entry.sid}`;
  if (!result.ok) {
    const message = `${about}: ${result.fault.code} ${result.fault.message}`;
    return { ok: false, fault: fault(recordingCodes.callbackFailed, message), again: true };
  }
  const code = result.response.status;
  span.set({ 'http.response.status_code': code });
  if (code >= 200 && code <= 299) return { ok: true };
  const message = `${about}: ${redactUrl(callback.url)} answered ${code}`;
  return { ok: false, fault: fault(recordingCodes.callbackFailed, message), again: worthRepeating(code) };
}

/** RFC 9110 15.5.9, RFC 6585 4: what a client may repeat. */
export function worthRepeating(status: number): boolean {
  return status >= 500 || status === 408 || status === 429;
}

function withQuery(url: string, query: string): string {
  const parsed = new URL(url);
  parsed.search = parsed.search === '' ? query : `${parsed.search.slice(1)}&${query}`;
  return parsed.href;
}
