/** Addresses, URIs and parameters of SIP headers. Everything here scans once from left to right: no input makes it slow. */

export interface SipUri {
  readonly scheme: string;
  readonly user: string;
  readonly host: string;
  /** Undefined when not written. */
  readonly port: number | undefined;
  /** Names in lower case; a parameter without a value has an empty one. */
  readonly params: ReadonlyMap<string, string>;
}

export interface Address {
  /** Display name as written, with its quotes; empty when there is none. */
  readonly display: string;
  readonly uri: string;
  /** Header parameters (`tag`, `expires`), names in lower case, values as written. */
  readonly params: ReadonlyMap<string, string>;
}

export interface Via {
  readonly transport: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly params: ReadonlyMap<string, string>;
}

/** Splits at `separator` where it is neither inside quotes nor inside angle brackets. */
export function splitOutside(text: string, separator: string): string[] {
  const parts: string[] = [];
  let from = 0;
  let quoted = false;
  let angle = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (quoted) {
      if (char === '\\') at++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '<') angle = true;
    else if (char === '>') angle = false;
    else if (char === separator && !angle) {
      parts.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  parts.push(text.slice(from).trim());
  return parts;
}

/** Parameters of `;name=value;name` (with or without the first semicolon). */
export function parseParams(text: string): Map<string, string> {
  const params = new Map<string, string>();
  if (text.length === 0) return params;
  for (const part of splitOutside(text, ';')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    if (equals < 0) params.set(part.toLowerCase(), '');
    else params.set(part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim());
  }
  return params;
}

function parsePort(text: string): number | undefined {
  if (text.length === 0 || text.length > 5) return undefined;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 48 || code > 57) return undefined;
  }
  const port = Number(text);
  return port >= 1 && port <= 65535 ? port : undefined;
}

/** `host`, `host:port`, `[v6]`, `[v6]:port`; undefined when it is none of them. */
export function parseHostPort(text: string): { host: string; port: number | undefined } | undefined {
  let host = text;
  let rest = '';
  if (text.startsWith('[')) {
    const close = text.indexOf(']');
    if (close < 0) return undefined;
    host = text.slice(1, close);
    rest = text.slice(close + 1);
  } else {
    const colon = text.indexOf(':');
    if (colon >= 0) {
      host = text.slice(0, colon);
      rest = text.slice(colon);
    }
  }
  host = host.trim();
  rest = rest.trim();
  if (host === '' || !isHost(host)) return undefined;
  if (rest === '') return { host, port: undefined };
  if (!rest.startsWith(':')) return undefined;
  const port = parsePort(rest.slice(1).trim());
  return port === undefined ? undefined : { host, port };
}

function isHost(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const fine =
      (code >= 48 && code <= 58) || // digits and ':' of IPv6
      (code >= 65 && code <= 90) ||
      (code >= 97 && code <= 122) ||
      code === 45 ||
      code === 46 ||
      code === 95 ||
      code === 37;
    if (!fine) return false;
  }
  return true;
}

/** A `sip:`, `sips:` or `tel:` URI (RFC 3261 section 19.1); undefined when it cannot be one. */
export function parseUri(text: string): SipUri | undefined {
  const colon = text.indexOf(':');
  if (colon <= 0) return undefined;
  const scheme = text.slice(0, colon).toLowerCase();
  let rest = text.slice(colon + 1);
  if (scheme !== 'sip' && scheme !== 'sips')
    return { scheme, user: rest, host: '', port: undefined, params: new Map() };
  // The user part may hold ';' and '?' (RFC 3261 section 25.1), so it is cut off first.
  const at = rest.indexOf('@');
  let user = '';
  if (at >= 0) {
    user = rest.slice(0, at);
    rest = rest.slice(at + 1);
  }
  const question = rest.indexOf('?');
  if (question >= 0) rest = rest.slice(0, question);
  const semicolon = rest.indexOf(';');
  const hostPort = parseHostPort(semicolon < 0 ? rest : rest.slice(0, semicolon));
  if (hostPort === undefined) return undefined;
  const params = semicolon < 0 ? new Map<string, string>() : parseParams(rest.slice(semicolon + 1));
  return { scheme, user, host: hostPort.host, port: hostPort.port, params };
}

/** One name-addr or addr-spec with its header parameters; undefined when it is neither. */
export function parseAddress(text: string): Address | undefined {
  const value = text.trim();
  const open = openAngle(value);
  if (open === undefined) return undefined;
  if (open >= 0) {
    const close = value.indexOf('>', open);
    if (close < 0) return undefined;
    const uri = value.slice(open + 1, close).trim();
    if (uri === '' || uri.includes('<') || uri.indexOf(':') <= 0) return undefined;
    const after = value.slice(close + 1).trim();
    if (after !== '' && !after.startsWith(';')) return undefined;
    return { display: value.slice(0, open).trim(), uri, params: parseParams(after) };
  }
  // Without brackets, what follows a ';' belongs to the header and not to the URI (RFC 3261 section 20).
  const semicolon = value.indexOf(';');
  const uri = (semicolon < 0 ? value : value.slice(0, semicolon)).trim();
  if (uri.indexOf(':') <= 0 || uri.includes(' ') || uri.includes('"')) return undefined;
  return { display: '', uri, params: semicolon < 0 ? new Map() : parseParams(value.slice(semicolon + 1)) };
}

/** Position of the '<' outside quotes, -1 without one, undefined when a quote is never closed. */
function openAngle(value: string): number | undefined {
  let quoted = false;
  for (let at = 0; at < value.length; at++) {
    const char = value[at];
    if (quoted) {
      if (char === '\\') at++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '<') return at;
  }
  return quoted ? undefined : -1;
}

/** `display <uri>;params`, always with brackets. */
export function formatAddress(address: Address): string {
  let text = address.display === '' ? `<${address.uri}>` : `${address.display} <${address.uri}>`;
  for (const [name, value] of address.params) text += value === '' ? `;${name}` : `;${name}=${value}`;
  return text;
}

/** A header value with the tag set (replacing one that is there). The value is otherwise left as it was. */
export function withTag(value: string, tag: string): string {
  const address = parseAddress(value);
  if (address === undefined) return `${value};tag=${tag}`;
  const current = address.params.get('tag');
  if (current === tag) return value;
  if (current === undefined) {
    const bare = openAngle(value.trim()) === -1 && address.params.size === 0;
    return bare ? `<${address.uri}>;tag=${tag}` : `${value.trim()};tag=${tag}`;
  }
  return formatAddress({ ...address, params: new Map([...address.params, ['tag', tag]]) });
}

/** The first element of a `Via` value. */
export function parseVia(value: string): Via | undefined {
  const text = splitOutside(value, ',')[0]!;
  const semicolon = text.indexOf(';');
  const head = (semicolon < 0 ? text : text.slice(0, semicolon)).trim();
  // 'SIP / 2.0 / UDP host:port', with white space allowed around the slashes.
  const slash1 = head.indexOf('/');
  const slash2 = slash1 < 0 ? -1 : head.indexOf('/', slash1 + 1);
  if (slash2 < 0) return undefined;
  if (head.slice(0, slash1).trim().toUpperCase() !== 'SIP' || head.slice(slash1 + 1, slash2).trim() !== '2.0')
    return undefined;
  const rest = head.slice(slash2 + 1).trim();
  let space = 0;
  while (space < rest.length && rest[space] !== ' ' && rest[space] !== '\t') space++;
  if (space === rest.length || space === 0) return undefined;
  const hostPort = parseHostPort(rest.slice(space).trim());
  if (hostPort === undefined) return undefined;
  return {
    transport: rest.slice(0, space).toUpperCase(),
    host: hostPort.host,
    port: hostPort.port,
    params: semicolon < 0 ? new Map() : parseParams(text.slice(semicolon + 1)),
  };
}

/** `host` in brackets when it is an IPv6 address. */
export function bracket(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

/** `12 INVITE`; undefined when it is not that or the number needs more than 32 bits. */
export function parseCSeq(value: string): { seq: number; method: string } | undefined {
  const text = value.trim();
  let at = 0;
  while (at < text.length && text.charCodeAt(at) >= 48 && text.charCodeAt(at) <= 57) at++;
  if (at === 0 || at > 10) return undefined;
  const method = text.slice(at).trim();
  const seq = Number(text.slice(0, at));
  if (seq > 0xffff_ffff || method === '' || method.length + at === text.length || method.includes(' '))
    return undefined;
  return { seq, method };
}
