/**
 * What is known about header names: compact forms (RFC 3261 section 7.3.3 and the registrations since), how each is written,
 * and the order in which sofia-sip, and therefore drachtio-server, writes the ones it knows. Anything else follows after
 * Content-Length, as the application wrote it.
 */

/** Compact form to long form, both lower case. */
export const COMPACT_FORMS: ReadonlyMap<string, string> = new Map([
  ['a', 'accept-contact'],
  ['b', 'referred-by'],
  ['c', 'content-type'],
  ['d', 'request-disposition'],
  ['e', 'content-encoding'],
  ['f', 'from'],
  ['i', 'call-id'],
  ['j', 'reject-contact'],
  ['k', 'supported'],
  ['l', 'content-length'],
  ['m', 'contact'],
  ['o', 'event'],
  ['r', 'refer-to'],
  ['s', 'subject'],
  ['t', 'to'],
  ['u', 'allow-events'],
  ['v', 'via'],
  ['x', 'session-expires'],
]);

/** The order of struct sip_s in sofia-sip's sip.h. */
const ORDERED_NAMES = [
  'Via',
  'Route',
  'Record-Route',
  'Max-Forwards',
  'Proxy-Require',
  'From',
  'To',
  'Call-ID',
  'CSeq',
  'Contact',
  'RSeq',
  'RAck',
  'Request-Disposition',
  'Accept-Contact',
  'Reject-Contact',
  'Expires',
  'Date',
  'Retry-After',
  'Timestamp',
  'Min-Expires',
  'Subject',
  'Priority',
  'Call-Info',
  'Organization',
  'Server',
  'User-Agent',
  'In-Reply-To',
  'Accept',
  'Accept-Encoding',
  'Accept-Language',
  'Allow',
  'Require',
  'Supported',
  'Unsupported',
  'Event',
  'Allow-Events',
  'Subscription-State',
  'Proxy-Authenticate',
  'Proxy-Authentication-Info',
  'Proxy-Authorization',
  'Authorization',
  'WWW-Authenticate',
  'Authentication-Info',
  'Error-Info',
  'Warning',
  'Refer-To',
  'Referred-By',
  'Replaces',
  'Session-Expires',
  'Min-SE',
  'Path',
  'Service-Route',
  'Reason',
  'Security-Client',
  'Security-Server',
  'Security-Verify',
  'Privacy',
  'SIP-ETag',
  'SIP-If-Match',
  'MIME-Version',
  'Content-Type',
  'Content-Encoding',
  'Content-Language',
  'Content-Disposition',
  'Content-Length',
] as const;

interface KnownHeader {
  readonly name: string;
  readonly rank: number;
}

/** Lower-case name to its usual spelling and its place in a message. */
export const KNOWN_HEADERS: ReadonlyMap<string, KnownHeader> = new Map(
  ORDERED_NAMES.map((name, rank) => [name.toLowerCase(), { name, rank }]),
);

/** The rank of headers sofia does not know: after Content-Length. */
export const UNKNOWN_RANK: number = ORDERED_NAMES.length;

/** Lower case and long form: the key of `SipMessage.headers`. */
export function headerKey(name: string): string {
  const lower = name.toLowerCase();
  return lower.length === 1 ? (COMPACT_FORMS.get(lower) ?? lower) : lower;
}

/** Headers that may stand only once (RFC 3261 section 7.3.1); a second one makes the message ambiguous and thus bad. */
export const SINGLE_HEADERS: readonly string[] = ['from', 'to', 'call-id', 'cseq', 'max-forwards', 'content-length'];
