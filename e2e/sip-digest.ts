/** A caller's side of SIP digest authentication, for requests that no telephone would send. */
import { createHash } from 'node:crypto';

export interface Proof {
  readonly method: string;
  readonly uri: string;
  readonly username: string;
  readonly password: string;
  readonly nc?: number;
}

/** The `Authorization` line that answers a 401, by MD5. */
export function authorization(challenge: string, { method, uri, username, password, nc = 1 }: Proof): string {
  const field = (name: string): string =>
    new RegExp(`^WWW-Authenticate:.*\\b${name}="([^"]*)"`, 'im').exec(challenge)?.[1] ?? '';
  const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
  const [realm, nonce] = [field('realm'), field('nonce')];
  const count = nc.toString(16).padStart(8, '0');
  const secret = md5(`${username}:${realm}:${password}`);
  const response = md5(`${secret}:${nonce}:${count}:abc:auth:${md5(`${method}:${uri}`)}`);
  return `Authorization: Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=MD5, qop=auth, nc=${count}, cnonce="abc"`;
}

export function statusOf(response: string): number {
  return Number(/^SIP\/2\.0 (\d{3})/.exec(response)?.[1]);
}

/** Seconds of `Retry-After`. */
export function retryAfter(response: string): number {
  return Number(/^Retry-After:\s*(\d+)/im.exec(response)?.[1]);
}
