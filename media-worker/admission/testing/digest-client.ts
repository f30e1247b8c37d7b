import { createHash } from 'node:crypto';

export interface DigestAnswer {
  readonly method: string;
  readonly uri: string;
  readonly username: string;
  readonly password: string;
  readonly algorithm?: 'MD5' | 'SHA-256';
  /** Undefined: no count, as callers of RFC 2069 do. */
  readonly nc?: number | undefined;
}

/** The `Authorization` of a caller that was sent a challenge. */
export function answerTo(challenge: string, answer: DigestAnswer): string {
  const { method, uri, username, password, algorithm = 'MD5', nc } = answer;
  const field = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? '';
  const hash = (text: string): string =>
    createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex');
  const [realm, nonce] = [field('realm'), field('nonce')];
  const count = nc === undefined ? undefined : nc.toString(16).padStart(8, '0');
  const secret = hash(`${username}:${realm}:${password}`);
  const middle = count === undefined ? '' : `:${count}:abc:auth`;
  const response = hash(`${secret}:${nonce}${middle}:${hash(`${method}:${uri}`)}`);
  const counted = count === undefined ? '' : `, qop=auth, nc=${count}, cnonce="abc"`;
  return `Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=${algorithm}${counted}`;
}
