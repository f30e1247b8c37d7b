import { redactUrl } from '../outgoing/url.ts';
import type { SpanAttributes } from '../telemetry/span.ts';

/** Bytes of a body or of all headers in a span. */
const RECORD_LIMIT = 16 * 1024;

const REDACTED = '***';

/** Headers whose values are never recorded. */
const SECRET_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-twilio-signature',
  'x-pivot-signature',
]);

/** Shorter values are redacted only where they stand alone: replacing every "1" would leave nothing to read. */
const MIN_REPLACED = 4;
/** Characters of a proof; times and words are shorter. */
const MIN_PROOF = 6;

/**
 * What of a request's headers proves who sent it, in all forms in which a server may give it back: credentials, with and without their scheme, a
 * Basic password, values of cookies, signatures.
 */
export function proofsIn(sent: Readonly<Record<string, string>>): string[] {
  const found: string[] = [];
  for (const [name, value] of Object.entries(sent)) {
    if (!SECRET_HEADERS.has(name)) continue;
    found.push(value);
    if (name === 'cookie') found.push(...value.split(/; */).map(afterEquals));
    else if (name.endsWith('signature'))
      found.push(
        ...value
          .split(',')
          .map(afterEquals)
          .filter((part) => !/^\d+$/.test(part)),
      );
    else found.push(...credentialsOf(value));
  }
  // A cookie `on` is no secret, and may stand in any text.
  return found.filter((value) => value.length >= MIN_PROOF);
}

function afterEquals(pair: string): string {
  return pair.slice(pair.indexOf('=') + 1);
}

/** `Bearer TOKEN`: the token; `Basic …`: also the password in it. */
function credentialsOf(value: string): string[] {
  const [, scheme = '', token = ''] = /^(\S+) +(.+)$/.exec(value) ?? [];
  if (scheme.toLowerCase() !== 'basic') return [token];
  const decoded = Buffer.from(token, 'base64').toString();
  return [token, decoded, decoded.slice(decoded.indexOf(':') + 1)];
}

/** Takes out of texts what must not be recorded. */
export interface Redactor {
  /** Text without credentials in URLs and without secret values. */
  text(text: string): string;
  header(name: string, value: string): string;
}

/** `secrets`: values that came from Secrets; `sensitive`: digits of an action marked so. */
export function createRedactor(secrets: readonly string[], sensitive: readonly string[] = []): Redactor {
  const values = new Set<string>();
  for (const secret of [...secrets, ...sensitive]) {
    if (secret.length < MIN_REPLACED) continue;
    const wellFormed = secret.toWellFormed();
    const json = JSON.stringify(wellFormed).slice(1, -1);
    const uri = encodeURIComponent(wellFormed);
    for (const form of [secret, json, uri, uri.replaceAll('%20', '+')]) values.add(form);
  }
  // Longest first, so that a secret that is part of another leaves nothing of it.
  const ordered = [...values].sort((a, b) => b.length - a.length);
  const whole = new Set(secrets);
  const text = (given: string): string => {
    let clean = withoutCredentials(given);
    for (const value of ordered) clean = clean.replaceAll(value, REDACTED);
    return clean;
  };
  return {
    text,
    header: (name, value) => (SECRET_HEADERS.has(name) || whole.has(value) ? REDACTED : text(value)),
  };
}

/** User and password of URLs, percent-encoded ones as in form bodies too. Linear in the text. */
function withoutCredentials(text: string): string {
  const plain = redactUrl(text);
  return plain.includes('%40') ? plain.replace(/(%3A%2F%2F)(?:(?!%2F|%3F|%23)[^&\s"'<>])*%40/gi, '$1') : plain;
}

/** Cuts a text to `limit` bytes of UTF-8 without cutting a character in two. */
function cut(text: string, limit: number): { readonly text: string; readonly truncated: boolean } {
  if (text.length <= limit / 3 || Buffer.byteLength(text) <= limit) return { text, truncated: false };
  const bytes = Buffer.from(text.slice(0, limit));
  let end = Math.min(limit, bytes.length);
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end -= 1;
  return { text: bytes.toString('utf8', 0, end), truncated: true };
}

/** `KEY`, and `KEY.truncated` where it was cut. */
export function recordText(key: string, text: string, redactor: Redactor): SpanAttributes {
  const kept = cut(redactor.text(text), RECORD_LIMIT);
  return { [key]: kept.text, ...(kept.truncated ? { [`${key}.truncated`]: true } : {}) };
}

/** A body as text, or, where it is none, its length: `KEY.binary`. */
export function recordBody(key: string, body: Buffer, redactor: Redactor): SpanAttributes {
  if (body.includes(0)) return { [key]: `(binary, ${body.length} bytes)`, [`${key}.binary`]: true };
  try {
    return recordText(key, new TextDecoder('utf-8', { fatal: true }).decode(body), redactor);
  } catch {
    return { [key]: `(binary, ${body.length} bytes)`, [`${key}.binary`]: true };
  }
}

/** Headers as one JSON object of lower-case names; values past the limit are left out. */
export function recordHeaders(
  key: string,
  headers: Readonly<Record<string, string | readonly string[]>>,
  redactor: Redactor,
): SpanAttributes {
  const kept: Record<string, string> = {};
  let size = 0;
  let truncated = false;
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    const one = redactor.header(lower, typeof value === 'string' ? value : value.join(', '));
    size += lower.length + one.length;
    if (size > RECORD_LIMIT) truncated = true;
    else kept[lower] = one;
  }
  return { [key]: JSON.stringify(kept), ...(truncated ? { [`${key}.truncated`]: true } : {}) };
}
