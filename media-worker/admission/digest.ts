import { createHash, timingSafeEqual } from 'node:crypto';

/** SIP digest authentication, the server's side (RFC 3261 section 22, RFC 7616, RFC 8760). Pure functions. */

/** In the order in which they are offered: who knows the first takes it (RFC 8760 section 2.3). */
const ALGORITHMS = ['SHA-256', 'MD5'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/**
 * What may be offered. Telephones with the library `re` before version 2 (baresip 1) give up at any challenge that they do not know, even beside
 * one that they do, against RFC 8760 section 2.4; so MD5 alone is what is offered where nobody says otherwise.
 */
export const DIGEST_OFFERS = ['md5', 'sha-256', 'both'] as const;
export type DigestOffer = (typeof DIGEST_OFFERS)[number];

const OFFERED: Readonly<Record<DigestOffer, readonly Algorithm[]>> = {
  md5: ['MD5'],
  'sha-256': ['SHA-256'],
  both: ALGORITHMS,
};

export function isOffered(algorithm: Algorithm, offer: DigestOffer): boolean {
  return OFFERED[offer].includes(algorithm);
}

const HASHES: Readonly<Record<Algorithm, string>> = { 'SHA-256': 'sha256', MD5: 'md5' };
/** No header with credentials is longer. */
const LONGEST = 8192;

/** A PivotDevice's user name is not longer; failures are counted by it. */
const LONGEST_NAME = 64;

/** What a caller proves itself with. */
export interface Credentials {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  /** Hexadecimal, lower case. */
  readonly response: string;
  readonly algorithm: Algorithm;
  /** Absent where a caller does not know `qop` (RFC 2069). */
  readonly counted?: { readonly cnonce: string; readonly nc: number; readonly ncText: string };
}

/**
 * All digest credentials of an `Authorization` or `Proxy-Authorization` header, of which there may be several, one for each realm; drachtio-srf
 * joins them with commas. What cannot be read is left out.
 */
export function readCredentials(header: string | undefined): readonly Credentials[] {
  const text = (header ?? '').slice(0, LONGEST);
  // A scheme is a word that is followed by another word, not by an equals sign.
  const parts = text.split(/(?:^|,)\s*(?=[A-Za-z][\w-]*\s+[\w-]+\s*=)/).filter((part) => /^\s*digest\s/i.test(part));
  return parts.flatMap((part) => readOne(part.replace(/^\s*digest\s+/i, '')) ?? []);
}

function readOne(text: string): Credentials | undefined {
  const fields = new Map<string, string>();
  for (const [, name = '', quoted, bare] of text.matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g)) {
    fields.set(name.toLowerCase(), quoted === undefined ? (bare ?? '') : quoted.replace(/\\(.)/g, '$1'));
  }
  const [username, realm, nonce, uri, response] = ['username', 'realm', 'nonce', 'uri', 'response'].map((name) =>
    fields.get(name),
  );
  if ([username, realm, nonce, uri, response].some((value) => value === undefined)) return undefined;
  if (username!.length > LONGEST_NAME) return undefined;
  const algorithm = ALGORITHMS.find((name) => name === (fields.get('algorithm') ?? 'MD5').toUpperCase());
  if (algorithm === undefined) return undefined;
  const found = { username: username!, realm: realm!, nonce: nonce!, uri: uri!, algorithm };
  const [qop, cnonce, ncText] = [fields.get('qop'), fields.get('cnonce'), fields.get('nc')];
  const read = { ...found, response: response!.toLowerCase() };
  if (qop === undefined) return read;
  if (qop.toLowerCase() !== 'auth' || cnonce === undefined || !/^[0-9a-f]{8}$/i.test(ncText ?? '')) return undefined;
  return { ...read, counted: { cnonce, nc: Number.parseInt(ncText!, 16), ncText: ncText! } };
}

/** Whether the response was made with the password for a request with this method. The time it takes does not depend on the password. */
export function isRightResponse(credentials: Credentials, method: string, password: string): boolean {
  const { username, realm, nonce, uri, algorithm, counted, response } = credentials;
  const hash = (text: string): string => createHash(HASHES[algorithm]).update(text).digest('hex');
  const secret = hash(`${username}:${realm}:${password}`);
  const request = hash(`${method}:${uri}`);
  const middle = counted === undefined ? '' : `:${counted.ncText}:${counted.cnonce}:auth`;
  const right = Buffer.from(hash(`${secret}:${nonce}${middle}:${request}`));
  const given = Buffer.from(response);
  return right.length === given.length && timingSafeEqual(right, given);
}

/**
 * The values of `WWW-Authenticate`, one challenge an algorithm. `stale`: the password may have been right, but the nonce is not good any more;
 * the telephone asks nobody and tries again.
 */
export function challenges(realm: string, nonce: string, stale: boolean, offer: DigestOffer): readonly string[] {
  const name = realm.replaceAll(/["\\]/g, '');
  return OFFERED[offer].map(
    (algorithm) =>
      `Digest realm="${name}", nonce="${nonce}", algorithm=${algorithm}, qop="auth"${stale ? ', stale=true' : ''}`,
  );
}
