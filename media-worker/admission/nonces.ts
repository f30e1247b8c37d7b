import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** How a nonce that a caller uses stands. */
export type NonceUse =
  | 'good'
  /** Not ours, of another address or realm, or too old: a new one mends it. */
  | 'stale'
  /** It has been used with this count, or a higher one. */
  | 'replayed';

/** Nonces of this worker. Nothing is kept of one until a right password has come with it, so that asking costs no memory. */
export interface Nonces {
  /** For one address (HOST) and realm. */
  issue(address: string, realm: string): string;
  /** Whether the nonce is ours and not too old, without using it. */
  known(nonce: string, address: string, realm: string): boolean;
  /** Uses it with a count (undefined: without one, which it bears once). Only for who has shown the right password. */
  use(nonce: string, count: number | undefined): Exclude<NonceUse, 'stale'>;
}

/** A telephone that registers every few minutes gets along without a new challenge most of the time. */
const LIFETIME_MS = 300_000;
const MOST_REMEMBERED = 50_000;
const ID_BYTES = 12;
const TIME_BYTES = 6;
const SIGNATURE_BYTES = 16;

export interface NoncesOptions {
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Replaceable for tests. */
  readonly key?: Buffer;
}

/**
 * A nonce is its time, random bytes and a signature over both, the address and the realm. It is of use to the worker that made it alone: a request
 * that reaches another is asked anew. The address is in it so that nobody can fail in another's name by a false source address.
 */
export function createNonces({ now, key = randomBytes(32) }: NoncesOptions): Nonces {
  /** The highest count of each nonce that was used, and when it was made; the oldest use first. */
  const used = new Map<string, { readonly at: number; count: number }>();
  /** Nonces that were made before are not good any more: their use may have been forgotten. */
  let forgottenUntil = 0;

  const sign = (body: Buffer, address: string, realm: string): Buffer =>
    createHmac('sha256', key)
      .update(body)
      .update(JSON.stringify([address, realm]))
      .digest()
      .subarray(0, SIGNATURE_BYTES);
  const timeOf = (nonce: string): number => Buffer.from(nonce, 'base64url').readUIntBE(0, TIME_BYTES);
  const forget = (): void => {
    for (const [nonce, { at }] of used) {
      if (used.size <= MOST_REMEMBERED && at + LIFETIME_MS > now()) return;
      used.delete(nonce);
      if (at + LIFETIME_MS > now()) forgottenUntil = Math.max(forgottenUntil, at);
    }
  };

  return {
    issue(address, realm) {
      const body = Buffer.alloc(TIME_BYTES + ID_BYTES);
      body.writeUIntBE(now(), 0, TIME_BYTES);
      randomBytes(ID_BYTES).copy(body, TIME_BYTES);
      return Buffer.concat([body, sign(body, address, realm)]).toString('base64url');
    },
    known(nonce, address, realm) {
      const bytes = Buffer.from(nonce, 'base64url');
      if (bytes.length !== TIME_BYTES + ID_BYTES + SIGNATURE_BYTES || bytes.toString('base64url') !== nonce)
        return false;
      const body = bytes.subarray(0, TIME_BYTES + ID_BYTES);
      if (!timingSafeEqual(sign(body, address, realm), bytes.subarray(TIME_BYTES + ID_BYTES))) return false;
      const at = timeOf(nonce);
      return at > forgottenUntil && at + LIFETIME_MS > now();
    },
    use(nonce, count) {
      const before = used.get(nonce);
      // Without a count it bears one use.
      if (before !== undefined && (count === undefined || count <= before.count)) return 'replayed';
      if (before === undefined) used.set(nonce, { at: timeOf(nonce), count: count ?? Number.POSITIVE_INFINITY });
      else before.count = count!;
      forget();
      return 'good';
    },
  };
}
