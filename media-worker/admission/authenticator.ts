import { admissionCodes } from '../../crds/errors/admission.ts';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import type { SipHeaders, SipRequest } from '../sip/srf.ts';
import { readUri } from '../sip/uri.ts';
import type { Attempts } from './attempts.ts';
import {
  type Credentials,
  challenges,
  type DigestOffer,
  isOffered,
  isRightResponse,
  readCredentials,
} from './digest.ts';
import type { Directory, KnownDevice } from './directory.ts';
import type { Nonces } from './nonces.ts';

/** Whether a request is a device's. */
export type Authentication =
  | { readonly kind: 'device'; readonly known: KnownDevice }
  /** It has no credentials for the realm. */
  | { readonly kind: 'nobody' }
  /** Right or wrong, they do not count any more. `fault`: what is to be told of it. */
  | { readonly kind: 'stale'; readonly fault?: Fault }
  | Refusal;

export interface Challenge {
  readonly kind: 'challenge';
  readonly headers: SipHeaders;
}

export interface Refusal {
  readonly kind: 'refused';
  readonly status: number;
  readonly fault: Fault;
  readonly retryAfterSeconds?: number;
  /** One of many: not traced. */
  readonly quiet: boolean;
}

/** Checks digests of devices; the same for calls and registrations. */
export interface Authenticator {
  /** `directory`: of the present table. `account`: whose device it says to be. Never throws, and takes no time worth mentioning. */
  check(request: SipRequest, account: string, directory: Directory): Authentication;
  /** A challenge for the realm of an account; a refusal where the address has left too many unanswered. */
  challenge(request: SipRequest, account: string, directory: Directory, stale: boolean): Challenge | Refusal;
}

/** Characters of a user name that is shown. */
const SHOWN = 64;
/** Hashed in place of a password that there is not, so that the answer takes as long. */
const NO_PASSWORD = 'no such user';
const PASSWORD_RETRY_SECONDS = 30;

export interface AuthenticatorOptions {
  readonly nonces: Nonces;
  readonly attempts: Attempts;
  readonly digest: DigestOffer;
}

export function createAuthenticator({ nonces, attempts, digest }: AuthenticatorOptions): Authenticator {
  const wrong = (address: string, user: string, message: string): Refusal => {
    attempts.failed(address, user);
    return { kind: 'refused', status: 403, fault: fault(admissionCodes.wrongCredentials, message), quiet: false };
  };

  return {
    check(request, account, directory) {
      const realm = directory.realmOf(account);
      const credentials = credentialsOf(request, realm, digest);
      if (credentials === undefined) return { kind: 'nobody' };
      const { username, nonce, counted } = credentials;
      const address = request.source_address;
      const user = `${account}/${username}`;
      const shown = `${JSON.stringify(username.slice(0, SHOWN))} of account "${account}"`;
      const block = attempts.blocked(address, user);
      if (block !== undefined) {
        const { first, retryAfterSeconds } = block;
        const message = `${address} is not served for ${retryAfterSeconds} s after too many wrong passwords; it asked for ${shown}`;
        return {
          kind: 'refused',
          status: 403,
          fault: fault(admissionCodes.tooManyFailures, message),
          retryAfterSeconds,
          quiet: !first,
        };
      }
      if (!nonces.known(nonce, address, realm)) return { kind: 'stale' };
      const known = directory.device(account, username);
      if (known !== undefined && known.password === undefined) {
        const message = `The password of ${known.key} is not there`;
        return {
          kind: 'refused',
          status: 503,
          fault: fault(admissionCodes.passwordUnknown, message),
          retryAfterSeconds: PASSWORD_RETRY_SECONDS,
          quiet: false,
        };
      }
      const right = isRightResponse(credentials, request.method, known?.password ?? NO_PASSWORD);
      if (known === undefined || !right) return wrong(address, user, `${address} is not ${shown}`);
      if (!isFor(credentials, request)) {
        return wrong(address, user, `${address} used a digest of ${shown} for another request`);
      }
      if (nonces.use(nonce, counted?.nc) === 'replayed') {
        const message = `${address} sent a digest of ${known.key} again`;
        return { kind: 'stale', fault: fault(admissionCodes.replayed, message) };
      }
      attempts.succeeded(address, user);
      return { kind: 'device', known };
    },
    challenge(request, account, directory, stale) {
      const address = request.source_address;
      const flood = attempts.flooding(address);
      if (flood !== undefined) {
        const { first, retryAfterSeconds } = flood;
        const message = `${address} is not asked for a password for ${retryAfterSeconds} s: it has left too many questions unanswered`;
        return {
          kind: 'refused',
          status: 403,
          fault: fault(admissionCodes.tooManyFailures, message),
          retryAfterSeconds,
          quiet: !first,
        };
      }
      attempts.challenged(address);
      const realm = directory.realmOf(account);
      const values = challenges(realm, nonces.issue(address, realm), stale, digest);
      // One header line each (RFC 3261 section 7.3.1: these cannot be joined by commas); drachtio-srf writes a value as it is.
      return { kind: 'challenge', headers: { 'WWW-Authenticate': values.join('\r\nWWW-Authenticate: ') } };
    },
  };
}

function credentialsOf(request: SipRequest, realm: string, digest: DigestOffer): Credentials | undefined {
  return ['Authorization', 'Proxy-Authorization']
    .flatMap((name) => readCredentials(request.get(name)))
    .find((one) => one.realm === realm && isOffered(one.algorithm, digest));
}

/** The digest was made for what is asked for now: the called user. Hosts are left aside, which proxies on the way write anew. */
function isFor({ uri }: Credentials, request: SipRequest): boolean {
  return readUri(uri).user === readUri(request.uri).user;
}
