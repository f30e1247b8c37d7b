/** Cookies of one host in one jar; more are dropped, oldest first (browsers keep at least 50, RFC 6265 6.1). */
const MAX_COOKIES_PER_HOST = 50;
const MAX_HOSTS = 20;
/** Bytes of name and value together (RFC 6265 6.1). */
const MAX_COOKIE_BYTES = 4096;
/** Bytes of the `Cookie` header sent. */
const MAX_HEADER_BYTES = 8192;

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly secure: boolean;
  /** Milliseconds since 1970; undefined until the jar goes. */
  readonly expires: number | undefined;
}

/**
 * Cookies of one call, as Twilio keeps them (per call and host) and PHP sessions need them. Deliberately less than RFC 6265:
 * every cookie is host-only, so `Domain` widens nothing and no list of public suffixes is needed.
 */
export class CookieJar {
  readonly #hosts = new Map<string, Map<string, Cookie>>();
  readonly #now: () => number;

  /** `now` gives milliseconds since 1970. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Keeps what `Set-Cookie` headers of a response from `href` say. Malformed and oversized cookies are ignored. */
  store(href: string, setCookie: readonly string[]): void {
    const url = new URL(href);
    for (const header of setCookie) {
      const cookie = parseSetCookie(header, url, this.#now());
      if (cookie !== undefined) this.#keep(url.hostname, cookie);
    }
  }

  /** Value of `Cookie` for a request to `href`; undefined when there is none. */
  header(href: string): string | undefined {
    const url = new URL(href);
    const cookies = this.#hosts.get(url.hostname);
    if (cookies === undefined) return undefined;
    const now = this.#now();
    const fitting: Cookie[] = [];
    for (const [key, cookie] of cookies) {
      if (cookie.expires !== undefined && cookie.expires <= now) cookies.delete(key);
      else if ((!cookie.secure || url.protocol === 'https:') && pathMatches(url.pathname, cookie.path))
        fitting.push(cookie);
    }
    // RFC 6265 5.4: longer paths first, then the older first, which is the map's order.
    fitting.sort((a, b) => b.path.length - a.path.length);
    let text = '';
    for (const { name, value } of fitting) {
      const pair = `${name}=${value}`;
      if (text.length + pair.length + 2 > MAX_HEADER_BYTES) break;
      text += text === '' ? pair : `; ${pair}`;
    }
    return text === '' ? undefined : text;
  }

  #keep(host: string, cookie: Cookie): void {
    let cookies = this.#hosts.get(host);
    if (cookies === undefined) {
      if (this.#hosts.size >= MAX_HOSTS) return;
      cookies = new Map();
      this.#hosts.set(host, cookies);
    }
    const key = `${cookie.name};${cookie.path}`;
    if (cookie.expires !== undefined && cookie.expires <= this.#now()) {
      cookies.delete(key);
      return;
    }
    cookies.set(key, cookie);
    if (cookies.size > MAX_COOKIES_PER_HOST) {
      const [oldest] = cookies.keys();
      if (oldest !== undefined) cookies.delete(oldest);
    }
  }
}

/** RFC 6265 5.1.4. */
function pathMatches(path: string, cookiePath: string): boolean {
  if (path === cookiePath) return true;
  return path.startsWith(cookiePath) && (cookiePath.endsWith('/') || path[cookiePath.length] === '/');
}

function parseSetCookie(header: string, url: URL, now: number): Cookie | undefined {
  const [pair = '', ...attributes] = header.split(';');
  const equals = pair.indexOf('=');
  if (equals < 1) return undefined;
  const name = pair.slice(0, equals).trim();
  const value = pair.slice(equals + 1).trim();
  if (name === '' || name.length + value.length > MAX_COOKIE_BYTES) return undefined;
  // What may stand in a Cookie header; the bytes of a header are Latin-1, of which only the printable ASCII part is taken.
  if (!/^[\x21-\x7e]+$/.test(name) || !/^[\x20-\x7e]*$/.test(value)) return undefined;
  const slash = url.pathname.lastIndexOf('/');
  let path = slash <= 0 ? '/' : url.pathname.slice(0, slash);
  let secure = false;
  let expires: number | undefined;
  let maxAge: number | undefined;
  for (const attribute of attributes) {
    const at = attribute.indexOf('=');
    const key = (at === -1 ? attribute : attribute.slice(0, at)).trim().toLowerCase();
    const text = at === -1 ? '' : attribute.slice(at + 1).trim();
    if (key === 'path' && text.startsWith('/')) path = text;
    else if (key === 'secure') secure = true;
    else if (key === 'max-age' && /^-?\d{1,10}$/.test(text)) maxAge = Number(text);
    else if (key === 'expires' && !Number.isNaN(Date.parse(text))) expires = Date.parse(text);
  }
  // RFC 6265 5.3: Max-Age wins. A Secure cookie from a plain connection is not taken (RFC 6265bis 5.6).
  if (maxAge !== undefined) expires = maxAge <= 0 ? 0 : now + maxAge * 1000;
  if (secure && url.protocol !== 'https:') return undefined;
  return { name, value, path, secure, expires };
}
