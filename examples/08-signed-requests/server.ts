/**
 * Does a request really come from Pivot? With `signing` set, each one has the header
 * `X-Pivot-Signature: t=SECONDS,v1=HEX`, an HMAC-SHA256 of `SECONDS.METHOD.URL.BODY` under a key that only Pivot and you have.
 *
 * Refuse what does not fit. A refusal (401) is a failed exchange for Pivot: failback runs, or the call ends.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Example, refuse, runServer, twiml, type WebhookRequest } from '../web.ts';

/** The same values as in the Secret; a real server takes them from its environment. */
const SIGNING_KEY = 'not-a-real-key';
const API_KEY = 'not-a-real-token';
/** Older requests may have been overheard and sent again. */
const MAX_AGE_SECONDS = 300;

export const signed: Example = {
  path: '/signed',
  answer: (request) => {
    if (!isFromPivot(request, Date.now() / 1000)) return refuse(401, 'the signature does not fit');
    if (request.headers['x-api-key'] !== API_KEY) return refuse(403, 'the X-Api-Key does not fit');
    return twiml('<Say>The signature is right.</Say>');
  },
};

function isFromPivot({ method, url, body, headers }: WebhookRequest, nowSeconds: number): boolean {
  const [, time, hex] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-pivot-signature'])) ?? [];
  if (time === undefined || hex === undefined) return false;
  if (Math.abs(nowSeconds - Number(time)) > MAX_AGE_SECONDS) return false;
  // Behind a proxy `url` must be the public one, as it stands in the manifest.
  const expected = createHmac('sha256', SIGNING_KEY).update(`${time}.${method}.${url.href}.${body}`).digest();
  return timingSafeEqual(expected, Buffer.from(hex, 'hex'));
}

if (import.meta.main) await runServer([signed]);
