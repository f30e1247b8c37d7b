import type { Party } from '../call/facts.ts';

export interface NameAddress extends Party {
  /** Display name without quotes; empty when there is none. */
  readonly name: string;
}

/** No SIP URI is longer than this here; longer input is cut, so that hostile headers cost nothing. */
const LONGEST = 2048;

/**
 * Reads `"Name" <sip:user:password@host:port;params>` or a bare URI (RFC 3261 section 25.1, lenient). The user part is
 * percent-decoded, the host lower case, without port. What cannot be read is left out.
 */
export function readNameAddress(header: string | undefined): NameAddress {
  const text = (header ?? '').slice(0, LONGEST).trim();
  // A quoted name may hold `<` and `>` itself.
  const open = text.indexOf('<', quotedLength(text));
  const close = text.indexOf('>', open);
  const name = open > 0 ? unquote(text.slice(0, open).trim()) : '';
  const uri = open >= 0 && close > open ? text.slice(open + 1, close) : (text.split(/[;\s]/, 1)[0] ?? '');
  return { name, ...readUri(uri) };
}

/** User and host of a `sip:`, `sips:` or `tel:` URI. */
export function readUri(uri: string): Party {
  const match = /^(sips?|tel):(.*)$/is.exec(uri.slice(0, LONGEST).trim());
  if (match === null) return {};
  const rest = match[2] ?? '';
  if (match[1]?.toLowerCase() === 'tel') {
    const user = beforeFirst(rest, /[;?]/);
    return user === '' ? {} : { user };
  }
  // The user part may hold `;` and `?` too (RFC 3261 section 25.1), e.g. `+14155550100;phone-context=example.com`; and some phones
  // write an e-mail address there, `@` and all.
  const firstAt = Math.max(rest.indexOf('@'), 0);
  const address = rest.slice(0, firstAt) + beforeFirst(rest.slice(firstAt), /[;?]/);
  const at = address.lastIndexOf('@');
  const user = at < 0 ? '' : decode(beforeFirst(address.slice(0, at), /[:;]/));
  const host = (/^(\[[^\]]*\]|[^:]*)/.exec(address.slice(at + 1))?.[1] ?? '').toLowerCase();
  return { ...(user === '' ? {} : { user }), ...(host === '' ? {} : { host }) };
}

function beforeFirst(text: string, mark: RegExp): string {
  const at = text.search(mark);
  return at < 0 ? text : text.slice(0, at);
}

/** What does not decode to something printable stays as it was written. */
function decode(text: string): string {
  try {
    const decoded = decodeURIComponent(text);
    return /\p{Cc}/u.test(decoded) ? text : decoded;
  } catch {
    return text;
  }
}

/** Length of the quoted string that a text begins with, quotes included; 0 when it does not. */
function quotedLength(text: string): number {
  return /^"(?:[^"\\]|\\.)*"/s.exec(text)?.[0].length ?? 0;
}

function unquote(text: string): string {
  if (!text.startsWith('"')) return text;
  return text.slice(1, text.endsWith('"') && text.length > 1 ? -1 : undefined).replace(/\\(.)/g, '$1');
}
