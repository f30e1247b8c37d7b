import { type Fault, fault } from '../../../crds/errors/fault.ts';
import { softswitchCodes } from '../../../crds/errors/softswitch.ts';
import { parseLength } from './content-length.ts';
import { headerKey } from './header-names.ts';
import { type HeaderLine, type Message, makeRequest, makeResponse } from './message.ts';

/** Most bytes of one message, headers and body. */
export const MAX_MESSAGE_BYTES = 65_536;
/** Most header lines of one message. */
export const MAX_HEADER_LINES = 256;

export type Parsed =
  | { readonly ok: true; readonly message: Message }
  /** `partial` holds what could be read, so that `status` can be answered. */
  | { readonly ok: false; readonly fault: Fault; readonly partial: Message | undefined; readonly status: number };

function failed(entry: keyof typeof softswitchCodes, message: string, partial?: Message, status = 400): Parsed {
  return { ok: false, fault: fault(softswitchCodes[entry], message), partial, status };
}

/** Where the header section ends: `end` after the last line, `body` after the empty one. Bare LF is accepted as a line end. */
export function findHeaderEnd(data: Buffer, from: number): { end: number; body: number } | undefined {
  for (let at = data.indexOf(10, from); at >= 0; at = data.indexOf(10, at + 1)) {
    if (data[at + 1] === 10) return { end: at + 1, body: at + 2 };
    if (data[at + 1] === 13 && data[at + 2] === 10) return { end: at + 1, body: at + 3 };
  }
  return undefined;
}

/** Number of CR and LF bytes at `from`: keep-alives and stray line ends before a message (RFC 3261 section 7.5). */
export function leadingLineEnds(data: Buffer, from: number): number {
  let at = from;
  while (at < data.length && (data[at] === 13 || data[at] === 10)) at++;
  return at - from;
}

/**
 * Reads one whole message: a datagram, or what the TCP framing cut out. Never throws. A body longer than Content-Length is cut
 * (RFC 3261 section 18.3), a shorter one is a fault; with `ignoreLength` everything after the empty line is the body. Header values keep their bytes (as UTF-8), folded lines are joined by a space.
 */
export function parseMessage(data: Buffer, options: { readonly ignoreLength?: boolean } = {}): Parsed {
  if (data.length > MAX_MESSAGE_BYTES)
    return failed('messageTooLarge', `${data.length} bytes, at most ${MAX_MESSAGE_BYTES}`);
  const from = leadingLineEnds(data, 0);
  const section = findHeaderEnd(data, from);
  // A message whose empty line is missing (a truncated datagram, a hand-made frame) is read as if it stood at the end.
  const text = data.toString('utf8', from, section?.end ?? data.length);
  const { start, lines, trouble } = readLines(text);

  const complete = (body: string): Message | undefined => makeMessage(start, lines, body);
  const head = complete('');
  if (head === undefined) return failed('notSip', `the first line is not SIP: ${printable(start)}`);
  if (trouble !== undefined) return failed('badMessage', trouble, head);
  if (lines.length > MAX_HEADER_LINES) return failed('messageTooLarge', `${lines.length} header lines`, head, 513);
  if (head.kind === 'request' && !start.toUpperCase().endsWith(' SIP/2.0'))
    return failed('badMessage', `SIP version of ${printable(start)}`, head, 505);

  const bodyFrom = section?.body ?? data.length;
  const declared = options.ignoreLength === true ? undefined : contentLength(head);
  if (declared === 'bad') return failed('badLength', 'Content-Length is not one number', head);
  const available = data.length - bodyFrom;
  if (declared !== undefined && declared > available)
    return failed('badLength', `Content-Length says ${declared} bytes, ${available} came`, head);
  const length = declared ?? available;
  return { ok: true, message: length === 0 ? head : complete(data.toString('utf8', bodyFrom, bodyFrom + length))! };
}

/** The declared length, undefined without the header, 'bad' when it is not a number or there are several that differ. */
export function contentLength(message: Message): number | undefined | 'bad' {
  const values = message.headers.get('content-length');
  if (values === undefined) return undefined;
  if (values.some((value) => value !== values[0])) return 'bad';
  return parseLength(values[0]!);
}

interface Lines {
  readonly start: string;
  readonly lines: HeaderLine[];
  readonly trouble: string | undefined;
}

function readLines(text: string): Lines {
  const lines: HeaderLine[] = [];
  let start: string | undefined;
  let trouble: string | undefined;
  let from = 0;
  while (from < text.length) {
    let end = text.indexOf('\n', from);
    if (end < 0) end = text.length;
    const stop = end > from && text.charCodeAt(end - 1) === 13 ? end - 1 : end;
    // A lone CR is no line end, and would be one for somebody else.
    const raw = text.slice(from, stop).replaceAll('\r', ' ');
    from = end + 1;
    if (start === undefined) {
      start = raw;
      continue;
    }
    if (raw === '') continue;
    if (raw.startsWith(' ') || raw.startsWith('\t')) {
      const last = lines.at(-1);
      const more = raw.trim();
      if (last === undefined) trouble ??= 'the first header line begins with white space';
      else if (more !== '') lines[lines.length - 1] = { name: last.name, value: `${last.value} ${more}`.trim() };
      continue;
    }
    const colon = raw.indexOf(':');
    const name = colon < 0 ? '' : raw.slice(0, colon).trimEnd();
    if (!isToken(name)) {
      trouble ??= `not a header line: ${printable(raw)}`;
      continue;
    }
    if (lines.length > MAX_HEADER_LINES) {
      trouble ??= 'too many header lines';
      break;
    }
    lines.push({ name, value: raw.slice(colon + 1).trim() });
  }
  return { start: start ?? '', lines, trouble };
}

function makeMessage(start: string, lines: readonly HeaderLine[], body: string): Message | undefined {
  if (start.slice(0, 8).toUpperCase() === 'SIP/2.0 ') {
    const code = start.slice(8, 11);
    const status = Number(code);
    if (!/^[1-6][0-9][0-9]$/.test(code) || (start.length > 11 && start[11] !== ' ')) return undefined;
    return makeResponse(status, start.slice(12).trim(), lines, body);
  }
  const space1 = start.indexOf(' ');
  const space2 = start.lastIndexOf(' ');
  if (space1 <= 0 || space2 <= space1) return undefined;
  const method = start.slice(0, space1);
  const uri = start.slice(space1 + 1, space2);
  const version = start.slice(space2 + 1).toUpperCase();
  if (!isToken(method) || !version.startsWith('SIP/') || uri === '') return undefined;
  return makeRequest(method, uri, lines, body);
}

/** RFC 3261 section 25.1 `token`. */
export function isToken(text: string): boolean {
  if (text.length === 0 || text.length > 256) return false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const letterOrDigit = (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
    if (!letterOrDigit && !"-.!%*_+`'~".includes(text[at]!)) return false;
  }
  return true;
}

/** A piece of foreign text that is fit for a log line. */
function printable(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

/** True when a header of this (lower-case, long) name is there, in whatever form it was written. */
export function hasHeader(lines: readonly HeaderLine[], key: string): boolean {
  return lines.some(({ name }) => headerKey(name) === key);
}
