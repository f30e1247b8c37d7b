import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Pair } from './encode.ts';

export const TWILIO_SIGNATURE_HEADER = 'x-twilio-signature';
export const PIVOT_SIGNATURE_HEADER = 'x-pivot-signature';

/**
 * `X-Twilio-Signature`: base64 of HMAC-SHA1 over the URL and, for form bodies, each parameter's name and value, sorted by name; values
 * of one name once each and sorted (Twilio's "Security" page, and what its libraries' `validateRequest` computes). For JSON bodies
 * `form` is empty and the URL carries `bodySHA256`. `url` as the server sees it: no credentials, no fragment.
 */
export function twilioSignature(key: string, url: string, form: readonly Pair[]): string {
  const values = new Map<string, Set<string>>();
  for (const [name, value] of form) {
    const known = values.get(name);
    if (known === undefined) values.set(name, new Set([value]));
    else known.add(value);
  }
  let text = url;
  for (const name of [...values.keys()].sort()) {
    for (const value of [...values.get(name)!].sort()) text += name + value;
  }
  return createHmac('sha1', key).update(text, 'utf8').digest('base64');
}

/** Value of the query parameter `bodySHA256` that Twilio adds to the URL of a JSON request. */
export function bodySha256(body: string): string {
  return createHash('sha256').update(body, 'utf8').digest('hex');
}

/**
 * `X-Pivot-Signature: t=<unix seconds>,v1=<hex>`: HMAC-SHA256 over `t.method.url.body`. Unlike Twilio's it covers every body as it was
 * sent and the time, so that an old request cannot be sent again.
 */
export function pivotSignature(key: string, unixSeconds: number, method: string, url: string, body: string): string {
  const digest = createHmac('sha256', key).update(`${unixSeconds}.${method}.${url}.${body}`, 'utf8').digest('hex');
  return `t=${unixSeconds},v1=${digest}`;
}

/** What a web server knows of a request that it wants to check. */
export interface SignedRequest {
  /** The same value as in the Secret that `signing` names. */
  readonly key: string;
  /** The header `X-Pivot-Signature`. */
  readonly signature: string | undefined;
  /** `GET` or `POST`. */
  readonly method: string;
  /** As the caller wrote it: `https://HOST/PATH?QUERY`, of the public name, not of a proxy behind it. */
  readonly url: string;
  /** The body's bytes before any parsing, as text; empty for GET. */
  readonly body: string;
  /** The time now, in seconds since 1970. */
  readonly nowSeconds: number;
  /** How old a request may be, in seconds; 300 unless given. */
  readonly toleranceSeconds?: number;
}

/** Checks `X-Pivot-Signature`, in constant time. Needs nothing but node:crypto: copy it into your web server. */
export function verifySignature(request: SignedRequest): boolean {
  const match = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(request.signature ?? '');
  if (match === null) return false;
  const [, time = '', hex = ''] = match;
  if (Math.abs(request.nowSeconds - Number(time)) > (request.toleranceSeconds ?? 300)) return false;
  const signed = `${time}.${request.method}.${request.url}.${request.body}`;
  const expected = createHmac('sha256', request.key).update(signed, 'utf8').digest();
  return timingSafeEqual(expected, Buffer.from(hex, 'hex'));
}
