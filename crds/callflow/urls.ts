import ipaddr from 'ipaddr.js';

/** What literal hosts a URL may name. Names are looked up, and every address checked again, when the request is made. */
export interface UrlPolicy {
  /** `pivot up` allows loopback; a cluster does not. */
  readonly allowLoopbackUrls: boolean;
}

const MAX_URL_CHARACTERS = 8192;

/** Why a URL is refused, in words that finish the sentence "… is refused: it …"; undefined when it is fine. */
export function urlRefusal(text: string, policy: UrlPolicy): string | undefined {
  if (text.length > MAX_URL_CHARACTERS) return `has more than ${MAX_URL_CHARACTERS} characters`;
  if (!/^https?:\/\//i.test(text)) return 'does not begin with http:// or https://';
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return 'is not a URL (is the host missing or misspelt?)';
  }
  const host = url.hostname.toLowerCase().replace(/\.$/, '');
  // WHATWG URL takes the first letter of the path for the host in `http:///path`; RFC 3986 says that there is no host.
  if (host === '' || /^https?:\/\/[/\\?#]/i.test(text)) return 'has no host';
  const kind = hostKind(host);
  if (kind === 'link-local') return 'names a link-local address, which is always refused';
  if (kind === 'loopback' && !policy.allowLoopbackUrls) {
    return `names this machine (${host}), which the address policy does not allow`;
  }
  return undefined;
}

function hostKind(host: string): 'loopback' | 'link-local' | 'other' {
  if (host === 'localhost' || host.endsWith('.localhost')) return 'loopback';
  const literal = host.startsWith('[') ? host.slice(1, -1) : host;
  // WHATWG URL writes every IPv4 address as four decimal numbers; most hosts are names, and the library is slow to say so.
  if (!/^[0-9.]+$|:/.test(literal) || !ipaddr.isValid(literal)) return 'other';
  // `process` unfolds IPv4-mapped IPv6 addresses, so that [::ffff:127.0.0.1] does not slip through.
  const range = ipaddr.process(literal).range();
  if (range === 'loopback' || range === 'unspecified') return 'loopback';
  if (range === 'linkLocal') return 'link-local';
  return 'other';
}

/** A URL fit for a message: without user, password, query and fragment. */
export function withoutCredentials(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1…@').replace(/[?#].*$/s, '');
}
