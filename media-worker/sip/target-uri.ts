/** A SIP URI that can be called, read from what somebody wrote. Every part is fit to stand in a SIP message. */
export interface TargetUri {
  readonly user?: string;
  /** Lower case, IPv6 in brackets. */
  readonly host: string;
  readonly port?: number;
  readonly transport: 'udp' | 'tcp' | 'tls';
  /** As the Request-URI has it, without headers. */
  readonly uri: string;
  /** `X-` headers and `User-to-User` of the URI (RFC 3261 section 19.1.1), which the INVITE is to carry. */
  readonly headers: Readonly<Record<string, string>>;
}

const URI =
  /^(?:(sips?):)?(?:([^@\s<>"]{1,256})@)?(\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\.?)(?::(\d{1,5}))?((?:;[^;?\s<>"]+)*)(?:\?([^\s<>"]*))?$/i;
const LONGEST = 2048;
const MOST_HEADERS = 20;
/** Names that a document may give an INVITE: its own, and RFC 7433's. */
const ALLOWED_HEADER = /^(?:x-[a-z0-9-]{1,60}|user-to-user)$/i;

/** Reads `sip:user@host:port;transport=tcp?x-name=value`; `sip:` may be left out. Undefined when it is none. */
export function readTargetUri(text: string): TargetUri | undefined {
  const match = text.length > LONGEST ? null : URI.exec(text.trim());
  if (match === null) return undefined;
  const [, scheme = 'sip', given, host = '', portText, parameters = '', query = ''] = match;
  const port = portText === undefined ? undefined : Number(portText);
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined;
  // A password has no place in a URI that goes over the network in clear text (RFC 3261 section 19.1.1).
  const user = given?.split(':', 1)[0];
  const transport = transportOf(scheme, parameters);
  if (transport === undefined) return undefined;
  const address = `${user === undefined ? '' : `${user}@`}${host.toLowerCase()}${port === undefined ? '' : `:${port}`}`;
  return {
    ...(user === undefined ? {} : { user }),
    host: host.toLowerCase(),
    ...(port === undefined ? {} : { port }),
    transport,
    uri: `${scheme.toLowerCase()}:${address}${parameters}`,
    headers: headersOf(query),
  };
}

function transportOf(scheme: string, parameters: string): TargetUri['transport'] | undefined {
  const named = /;transport=([^;]+)/i.exec(parameters)?.[1]?.toLowerCase();
  if (scheme.toLowerCase() === 'sips') return 'tls';
  if (named === undefined) return 'udp';
  return named === 'udp' || named === 'tcp' || named === 'tls' ? named : undefined;
}

function headersOf(query: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const pair of query.split('&').slice(0, MOST_HEADERS)) {
    const at = pair.indexOf('=');
    if (at < 0) continue;
    const [name, value] = [decoded(pair.slice(0, at)), decoded(pair.slice(at + 1))];
    if (ALLOWED_HEADER.test(name)) headers[name] = value.replace(/\p{Cc}+/gu, ' ').trim();
  }
  return headers;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
