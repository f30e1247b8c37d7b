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
  const open = text.indexOf('<');
  const close = text.indexOf('>', open);
  const name = open > 0 ? unquote(text.slice(0, open).trim()) : '';
  const uri = open >= 0 && close > open ? text.slice(open + 1, close) : (text.split(/[;\s]/, 1)[0] ?? '');
  return { name, ...readUri(uri) };
}

/** User and host of a `sip:`, `sips:` or `tel:` URI. */
export function readUri(uri: string): Party {
  const match = /^(sips?|tel):(.*)$/is.exec(uri.slice(0, LONGEST).trim());
  if (match === null) return {};
  const rest = (match[2] ?? '').split(/[;?]/, 1)[0] ?? '';
  if (match[1]?.toLowerCase() === 'tel') return rest === '' ? {} : { user: rest };
  const at = rest.lastIndexOf('@');
  const userinfo = at < 0 ? '' : rest.slice(0, at);
  const user = decode(userinfo.split(':', 1)[0] ?? '');
  const hostport = rest.slice(at + 1);
  const host = (/^(\[[^\]]*\]|[^:]*)/.exec(hostport)?.[1] ?? '').toLowerCase();
  return { ...(user === '' ? {} : { user }), ...(host === '' ? {} : { host }) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function unquote(text: string): string {
  if (!text.startsWith('"')) return text;
  return text.slice(1, text.endsWith('"') && text.length > 1 ? -1 : undefined).replace(/\\(.)/g, '$1');
}
