import { bracket, formatAddress, parseAddress, parseUri, splitOutside, withTag } from '../sip/address.ts';
import { headerKey, KNOWN_HEADERS, UNKNOWN_RANK } from '../sip/header-names.ts';
import { newTag } from '../sip/ids.ts';
import {
  type HeaderLine,
  line,
  makeRequest,
  makeResponse,
  type RequestMessage,
  type ResponseMessage,
} from '../sip/message.ts';
import { replyLines } from '../sip/reply.ts';
import type { IncomingRequest } from '../sip/transaction-types.ts';
import type { TransportName } from '../sip/transport.ts';

/**
 * The server's completion of what an application sends: header names in their usual spelling and order, the headers that the
 * application left out, `localhost` replaced by the server's address. Pure functions.
 */

/** Our side, as a peer is told it. */
export interface OwnAddress {
  readonly host: string;
  readonly port: number;
  readonly transport: TransportName;
}

/** Set by the server alone. */
const SERVERS_OWN = new Set(['via', 'from', 'to', 'call-id', 'cseq', 'content-length', 'max-forwards', 'contact']);
const CREDENTIALS = new Set(['authorization', 'proxy-authorization']);
/** Requests that carry a Contact (RFC 3261 table 2, and the extensions that make or refresh a target). */
const WITH_CONTACT = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE', 'REFER', 'NOTIFY']);

/** A request that the server refuses to send: the text after NOK. */
export class Refused extends Error {}

export function ownUri(own: OwnAddress, user = ''): string {
  const transport = own.transport === 'tcp' ? ';transport=tcp' : '';
  return `sip:${user === '' ? '' : `${user}@`}${bracket(own.host)}:${own.port}${transport}`;
}

/** sofia-sip's order; what it does not know comes after Content-Length in the order given. */
export function inServerOrder(lines: readonly HeaderLine[]): HeaderLine[] {
  return lines
    .map((header, at) => {
      const known = KNOWN_HEADERS.get(headerKey(header.name));
      return { name: known?.name ?? header.name, value: header.value, rank: known?.rank ?? UNKNOWN_RANK, at };
    })
    .sort((a, b) => a.rank - b.rank || a.at - b.at)
    .map(({ name, value }) => ({ name, value }));
}

/** Headers of the application that go out as they are, with the spacing that sofia gives credentials. */
function passedOn(lines: readonly HeaderLine[], except: ReadonlySet<string> = SERVERS_OWN): HeaderLine[] {
  return lines
    .filter(({ name }) => !except.has(headerKey(name)))
    .map((header) =>
      CREDENTIALS.has(headerKey(header.name))
        ? { name: header.name, value: splitOutside(header.value, ',').join(', ') }
        : header,
    );
}

function firstOf(lines: readonly HeaderLine[], key: string): string | undefined {
  return lines.find(({ name }) => headerKey(name) === key)?.value;
}

/** `<…>`, with `localhost` replaced by our own address. Undefined when it is not an address. */
function ownedAddress(value: string, own: OwnAddress): string | undefined {
  const address = parseAddress(value);
  if (address === undefined) return undefined;
  const uri = parseUri(address.uri);
  if (uri === undefined) return undefined;
  if (uri.host.toLowerCase() === 'localhost') return formatAddress({ ...address, uri: ownUri(own, uri.user) });
  return formatAddress(address);
}

function contactLines(lines: readonly HeaderLine[], own: OwnAddress, wanted: boolean): HeaderLine[] {
  const given = lines.filter(({ name }) => headerKey(name) === 'contact');
  if (given.length === 0) return wanted ? [line('Contact', `<${ownUri(own)}>`)] : [];
  // What cannot be read is left out (transcript 08).
  return given.flatMap(({ value }) => {
    if (value.trim() === '*') return [line('Contact', '*')];
    const parts = splitOutside(value, ',').map((part) => ownedAddress(part, own));
    return parts.every((part) => part !== undefined) ? [line('Contact', parts.join(', '))] : [];
  });
}

function typeLines(lines: readonly HeaderLine[], body: string): HeaderLine[] {
  if (body === '' || firstOf(lines, 'content-type') !== undefined) return [];
  if (!body.startsWith('v=0')) throw new Refused('missing content-type');
  return [line('Content-Type', 'application/sdp')];
}

export interface NewRequestOptions {
  readonly own: OwnAddress;
  /** When the application gives none. */
  readonly callId: string;
  readonly seq: number;
  readonly userAgent?: string | undefined;
}

/** A request outside a dialog, complete but for its Via. Throws `Refused`. */
export function completeRequest(given: RequestMessage, options: NewRequestOptions): RequestMessage {
  const { own } = options;
  const { method, uri, lines, body } = given;
  const givenFrom = firstOf(lines, 'from');
  const from = givenFrom === undefined ? `<${ownUri(own)}>` : ownedAddress(givenFrom, own);
  if (from === undefined) throw new Refused(`invalid from value provided by client: ${givenFrom}`);
  const givenTo = firstOf(lines, 'to');
  // The Request-URI without brackets: its parameters become the header's, as the server does it (transcript 08).
  const to = parseAddress(givenTo ?? uri);
  if (to === undefined) throw new Refused(`invalid to value provided by client: ${givenTo ?? uri}`);
  const tagged = parseAddress(from)?.params.has('tag') === true ? from : withTag(from, newTag());
  const seq = Number.parseInt(firstOf(lines, 'cseq') ?? '', 10);
  const completed: HeaderLine[] = [
    line('Max-Forwards', firstOf(lines, 'max-forwards') ?? '70'),
    line('From', tagged),
    line('To', formatAddress(to)),
    line('Call-ID', firstOf(lines, 'call-id') ?? options.callId),
    line('CSeq', `${Number.isNaN(seq) ? options.seq : seq} ${method}`),
    ...contactLines(lines, own, WITH_CONTACT.has(method)),
    ...typeLines(lines, body),
    ...userAgentLines(lines, options.userAgent),
    line('Content-Length', '0'),
    ...passedOn(lines),
  ];
  return makeRequest(method, uri, inServerOrder(completed), body);
}

function userAgentLines(lines: readonly HeaderLine[], userAgent: string | undefined): HeaderLine[] {
  return userAgent === undefined || firstOf(lines, 'user-agent') !== undefined ? [] : [line('User-Agent', userAgent)];
}

/** The application's headers for a request in a dialog: what `requestInDialog` does not make itself. Throws `Refused`. */
export function inDialogHeaders(given: RequestMessage, own: OwnAddress, userAgent: string | undefined): HeaderLine[] {
  const { method, lines, body } = given;
  return [
    ...contactLines(lines, own, WITH_CONTACT.has(method)),
    ...typeLines(lines, body),
    ...userAgentLines(lines, method === 'ACK' ? undefined : userAgent),
    line('Content-Length', '0'),
    ...passedOn(lines, new Set([...SERVERS_OWN, 'route'])),
  ];
}

export interface ResponseOptions {
  readonly own: OwnAddress;
  readonly toTag: string;
}

/** A response of the application, with what its request has. Throws `Refused`. */
export function completeResponse(
  given: ResponseMessage,
  request: IncomingRequest,
  options: ResponseOptions,
): ResponseMessage {
  const { status, reason, lines, body } = given;
  const answered = request.message.method === 'INVITE' && status >= 200 && status < 300;
  const completed: HeaderLine[] = [
    ...replyLines(request, status, options.toTag),
    ...contactLines(lines, options.own, answered),
    ...typeLines(lines, body),
    line('Content-Length', '0'),
    ...passedOn(lines),
  ];
  return makeResponse(status, reason, inServerOrder(completed), body);
}
