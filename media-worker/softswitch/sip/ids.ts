import { randomBytes, randomUUID } from 'node:crypto';

/** Digits and letters: 62 characters, so that a tag needs no escaping anywhere. */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** `length` random characters, more than 5.9 bits each. */
export function randomToken(length: number): string {
  const bytes = randomBytes(length);
  let text = '';
  for (const byte of bytes) text += ALPHABET[byte % 62];
  return text;
}

/** A tag (RFC 3261 section 19.3 wants at least 32 bits), of the length that drachtio-server's have. */
export function newTag(): string {
  return randomToken(13);
}

/** A branch with the magic cookie of RFC 3261 section 8.1.1.7. */
export function newBranch(): string {
  return `z9hG4bK${randomToken(13)}`;
}

export function newCallId(): string {
  return randomUUID();
}

/** A first CSeq below 2**31 (RFC 3261 section 8.1.1.5) that grows with the clock, as section 12.2.1.1 suggests. */
export function firstSeq(nowMs: number): number {
  return 100_000_000 + (Math.floor(nowMs / 1000) & 0x3ff_ffff);
}
