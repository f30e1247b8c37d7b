import type { Json } from '../../../crds/callflow/node.ts';
import { engineCodes } from '../../../crds/errors/engine.ts';
import { fault } from '../../../crds/errors/fault.ts';
import { PRODUCT, PRODUCT_VERSION } from '../../../runtime/version.ts';
import { pause } from '../../call/waiting.ts';
import type { Outgoing, OutgoingResult } from '../../outgoing/types.ts';
import { redactUrl } from '../../outgoing/url.ts';
import type { CallSpan } from '../../telemetry/span.ts';
import { type Encoded, encodeRequest } from '../../webhook/encode.ts';
import { requestAttributes, resultAttributes } from '../../webhook/http-attributes.ts';
import { buildParameters } from '../../webhook/parameters.ts';
import { createRedactor } from '../../webhook/record.ts';
import { integer, object, text } from '../data.ts';
import { type CallflowModule, CONTINUE } from '../module.ts';

const TIMEOUT_MS = 5000;
/** Kazoo's pause before another attempt. */
const AGAIN_MS = 2000;
/** What Kazoo keeps for itself. */
const RESERVED = ['type', 'action'];
const USER_AGENT = `${PRODUCT}/${PRODUCT_VERSION}`;

interface Notice extends Encoded {
  readonly method: 'GET' | 'POST';
  /** As it was configured: what a GET's query says of the call, its digits among it, stays out of the trace. */
  readonly uri: string;
}

/**
 * Tells a web server about the call and goes on at once; nobody waits for the answer. POST sends the call's facts as a form, GET in the
 * query, with names like `caller_id_number`, `custom_data` beside them. A server that cannot be reached is tried again `retries` times;
 * one that answers, whatever it is, has been told.
 */
export const webhook: CallflowModule = {
  name: 'webhook',
  describe: (data) => ({ 'pivot.webhook.uri': redactUrl(text(data, 'uri') ?? '') }),
  async run({ call, services, span }, data) {
    const uri = text(data, 'uri');
    if (uri === undefined) return CONTINUE;
    const method = text(data, 'http_verb')?.toLowerCase() === 'get' ? 'GET' : 'POST';
    const { parameters } = buildParameters(call.facts(), 'kazoo');
    const facts = [...parameters].map(([name, value]): [string, Json] => [
      name.toLowerCase().replaceAll('-', '_'),
      value,
    ]);
    const custom = Object.entries(object(data, 'custom_data') ?? {}).filter(([name]) => !RESERVED.includes(name));
    const notice: Notice = { method, uri, ...encodeRequest(method, uri, new Map([...facts, ...custom]), 'form') };
    const retries = integer(data, 'retries') ?? 0;
    const taken = services.background.run(
      (signal) => tell(notice, retries, services.outgoing, span, signal),
      // Only the end of the process ends it, and the attempt's span says so.
      () => {},
    );
    if (!taken) {
      span.warn(fault(engineCodes.requestNotSent, `Too many requests are under way; ${redactUrl(uri)} was not told`));
    }
    return CONTINUE;
  },
};

async function tell(
  notice: Notice,
  retries: number,
  outgoing: Outgoing,
  parent: CallSpan,
  signal: AbortSignal,
): Promise<void> {
  for (let resend = 0; resend <= retries; resend += 1) {
    if (resend > 0) await pause(AGAIN_MS, signal);
    const result = await tellOnce(notice, resend, outgoing, parent, signal);
    if (result.ok || result.retryOn.length === 0) return;
  }
}

/** One attempt, a CLIENT span beneath the action's. */
async function tellOnce(
  { method, uri, url, body, contentType }: Notice,
  resend: number,
  outgoing: Outgoing,
  parent: CallSpan,
  signal: AbortSignal,
): Promise<OutgoingResult> {
  const redactor = createRedactor([]);
  const span = parent.attempt(method, { 'pivot.webhook.kind': 'notice' }, 'client');
  try {
    span.set(requestAttributes({ method, url: uri, body, resend, userAgent: USER_AGENT, debug: false }, redactor));
    const result = await outgoing.request({
      method,
      url,
      ...(body === undefined ? {} : { body }),
      headers: {
        'user-agent': USER_AGENT,
        traceparent: span.traceparent,
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
      },
      timeoutMs: TIMEOUT_MS,
      signal,
    });
    span.set(resultAttributes(result, false, redactor));
    if (!result.ok) span.fail({ ...result.fault, message: redactor.text(result.fault.message) });
    return result;
  } catch (error) {
    span.set({ 'error.type': 'aborted', 'pivot.webhook.aborted': true });
    throw error;
  } finally {
    span.end();
  }
}
