import type { CodeEntry } from '../../crds/errors/fault.ts';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import { PRODUCT_VERSION } from '../../runtime/version.ts';
import { pause } from '../call/waiting.ts';
import type { Outgoing } from '../outgoing/types.ts';
import { redactUrl } from '../outgoing/url.ts';
import type { CallSpan } from '../telemetry/span.ts';
import { encodeForm, type Pair } from './encode.ts';
import { IDEMPOTENCY_HEADER, signer, webhookHeaders } from './headers.ts';
import type { PivotSettings } from './settings.ts';

/** Something that a web server is told of while calls go on; nobody waits for its answer. */
export interface Notice {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly form: readonly Pair[];
  /** The same for repetitions of one notice. */
  readonly key: string;
}

const TIMEOUT_MS = 5000;
const ATTEMPTS = 3;
const PAUSE_MS = 500;

/**
 * Tells it, in at most three attempts, each a CLIENT span beneath `span`, signed like the webhooks of `settings`. Undefined: it was taken.
 * Rejects only with the signal's reason.
 */
export async function notify(
  notice: Notice,
  settings: PivotSettings,
  deps: {
    readonly outgoing: Outgoing;
    readonly span: CallSpan;
    readonly signal: AbortSignal;
    readonly code: CodeEntry;
  },
): Promise<Fault | undefined> {
  const { outgoing, span: parent, signal, code } = deps;
  const encoded = encodeForm(notice.form);
  const post = notice.method === 'POST';
  const mark = notice.url.includes('?') ? '&' : '?';
  const url = post ? notice.url : `${notice.url}${mark}${encoded}`;
  let failed: Fault | undefined;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    if (attempt > 1) await pause(PAUSE_MS * 2 ** (attempt - 2), signal);
    const span = parent.attempt(notice.method, { 'pivot.webhook.kind': 'status callback' }, 'client');
    try {
      const contentType = post ? 'application/x-www-form-urlencoded' : undefined;
      const common = webhookHeaders(url, settings, { userAgent: `Pivot/${PRODUCT_VERSION}`, span, contentType });
      const result = await outgoing.request({
        ...common,
        headers: { ...common.headers, [IDEMPOTENCY_HEADER]: notice.key },
        method: notice.method,
        url,
        ...(post ? { body: encoded } : {}),
        ...(settings.signingKey === undefined ? {} : { sign: signer(settings.signingKey, notice.form, Date.now) }),
        timeoutMs: TIMEOUT_MS,
        signal,
        replayable: true,
      });
      const status = result.ok ? result.response.status : undefined;
      if (status !== undefined) span.set({ 'http.response.status_code': status });
      if (status !== undefined && status >= 200 && status <= 299) return undefined;
      const why = result.ok ? `answered ${status}` : `${result.fault.code} ${result.fault.message}`;
      failed = fault(code, `${redactUrl(notice.url).split('?')[0]}: ${why}`);
      span.fail(failed);
    } finally {
      span.end();
    }
  }
  return failed;
}
