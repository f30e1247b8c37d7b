import { headerKey } from './header-names.ts';
import type { SipMessage } from './types.ts';

/** One header line as it was received or shall be sent. */
export interface HeaderLine {
  readonly name: string;
  readonly value: string;
}

export interface RequestMessage extends SipMessage {
  readonly kind: 'request';
  readonly method: string;
  readonly uri: string;
  readonly lines: readonly HeaderLine[];
}

export interface ResponseMessage extends SipMessage {
  readonly kind: 'response';
  readonly status: number;
  readonly reason: string;
  readonly lines: readonly HeaderLine[];
}

/** A message with its header lines in order, beside the index that `SipMessage` has. */
export type Message = RequestMessage | ResponseMessage;

export function line(name: string, value: string): HeaderLine {
  return { name, value };
}

function index(lines: readonly HeaderLine[]): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (const { name, value } of lines) {
    const key = headerKey(name);
    const values = headers.get(key);
    if (values === undefined) headers.set(key, [value]);
    else values.push(value);
  }
  return headers;
}

export function makeRequest(method: string, uri: string, lines: readonly HeaderLine[], body = ''): RequestMessage {
  return { kind: 'request', method, uri, lines, headers: index(lines), body };
}

export function makeResponse(status: number, reason: string, lines: readonly HeaderLine[], body = ''): ResponseMessage {
  return { kind: 'response', status, reason, lines, headers: index(lines), body };
}

/** The first value of a header, by its lower-case long name. */
export function first(message: SipMessage, key: string): string | undefined {
  return message.headers.get(key)?.[0];
}

/** All lines of a header, in order. */
export function all(message: Message, key: string): HeaderLine[] {
  return message.lines.filter((header) => headerKey(header.name) === key);
}

/** The same message with its topmost `Via` replaced, or removed when `value` is undefined. */
export function withTopVia<M extends Message>(message: M, value: string | undefined): M {
  const at = message.lines.findIndex((header) => headerKey(header.name) === 'via');
  if (at < 0) return message;
  const lines = [...message.lines];
  if (value === undefined) lines.splice(at, 1);
  else lines[at] = { name: lines[at]!.name, value };
  return { ...message, lines, headers: index(lines) };
}

/** The same message with other header lines. */
export function withLines<M extends Message>(message: M, lines: readonly HeaderLine[]): M {
  return { ...message, lines, headers: index(lines) };
}

/** Reason phrases of RFC 3261 section 21 and of the extensions this stack meets. */
export const REASONS: Readonly<Record<number, string>> = {
  100: 'Trying',
  180: 'Ringing',
  181: 'Call Is Being Forwarded',
  182: 'Queued',
  183: 'Session Progress',
  200: 'OK',
  202: 'Accepted',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Moved Temporarily',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  413: 'Request Entity Too Large',
  415: 'Unsupported Media Type',
  416: 'Unsupported URI Scheme',
  420: 'Bad Extension',
  480: 'Temporarily Unavailable',
  481: 'Call/Transaction Does Not Exist',
  482: 'Loop Detected',
  483: 'Too Many Hops',
  484: 'Address Incomplete',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
  491: 'Request Pending',
  500: 'Server Internal Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Server Time-out',
  505: 'Version Not Supported',
  513: 'Message Too Large',
  600: 'Busy Everywhere',
  603: 'Decline',
  604: 'Does Not Exist Anywhere',
  606: 'Not Acceptable',
};

export function reasonOf(status: number): string {
  return REASONS[status] ?? 'Unknown';
}
