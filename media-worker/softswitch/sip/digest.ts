import { createHash } from 'node:crypto';
import { splitOutside } from './address.ts';
import { randomToken } from './ids.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly algorithm: 'MD5' | 'SHA-256';
  readonly qop: 'auth' | undefined;
  readonly stale: boolean;
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value;
  let text = '';
  for (let at = 1; at < value.length && value[at] !== '"'; at++) {
    if (value[at] === '\\') at++;
    text += value[at] ?? '';
  }
  return text;
}

/** A `WWW-Authenticate` or `Proxy-Authenticate` value; undefined when it is not one that can be answered. */
export function parseChallenge(value: string): Challenge | undefined {
  if (value.slice(0, 7).toLowerCase() !== 'digest ') return undefined;
  const params = new Map<string, string>();
  for (const part of splitOutside(value.slice(7), ',')) {
    const equals = part.indexOf('=');
    if (equals > 0) params.set(part.slice(0, equals).trim().toLowerCase(), unquote(part.slice(equals + 1).trim()));
  }
  const algorithm = (params.get('algorithm') ?? 'MD5').toUpperCase();
  if (algorithm !== 'MD5' && algorithm !== 'SHA-256') return undefined;
  const nonce = params.get('nonce');
  if (nonce === undefined) return undefined;
  const offered = (params.get('qop') ?? '').split(',').map((token) => token.trim().toLowerCase());
  if (params.has('qop') && !offered.includes('auth')) return undefined;
  return {
    realm: params.get('realm') ?? '',
    nonce,
    opaque: params.get('opaque'),
    algorithm,
    qop: params.has('qop') ? 'auth' : undefined,
    stale: params.get('stale')?.toLowerCase() === 'true',
  };
}

const quoted = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** The `Authorization` value that answers a challenge (RFC 3261 section 22.4, RFC 8760 for SHA-256). */
export function answerChallenge(
  challenge: Challenge,
  { username, password }: Credentials,
  method: string,
  uri: string,
  cnonce: string = randomToken(8),
): string {
  const hash = (text: string): string =>
    createHash(challenge.algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex');
  const ha1 = hash(`${username}:${challenge.realm}:${password}`);
  const ha2 = hash(`${method}:${uri}`);
  const middle = challenge.qop === undefined ? challenge.nonce : `${challenge.nonce}:00000001:${cnonce}:auth`;
  const parts = [
    `username=${quoted(username)}`,
    `realm=${quoted(challenge.realm)}`,
    `nonce=${quoted(challenge.nonce)}`,
    `uri=${quoted(uri)}`,
    `response="${hash(`${ha1}:${middle}:${ha2}`)}"`,
    `algorithm=${challenge.algorithm}`,
  ];
  if (challenge.qop !== undefined) parts.push('qop=auth', 'nc=00000001', `cnonce="${cnonce}"`);
  if (challenge.opaque !== undefined) parts.push(`opaque=${quoted(challenge.opaque)}`);
  return `Digest ${parts.join(', ')}`;
}
