import { withTag } from './address.ts';
import { type HeaderLine, line, makeResponse, type ResponseMessage, reasonOf } from './message.ts';
import type { IncomingRequest } from './transaction-types.ts';

export interface ReplyOptions {
  /** Set in To, unless the request has one there (RFC 3261 section 8.2.6.2). */
  readonly toTag?: string | undefined;
  /** Stand between CSeq and Content-Length. */
  readonly headers?: readonly HeaderLine[];
  readonly contentType?: string | undefined;
  readonly body?: string;
}

/** The headers every response copies from its request (RFC 3261 section 8.2.6.2), in their order on the wire. */
export function replyLines(
  { message, envelope }: IncomingRequest,
  status: number,
  toTag: string | undefined,
): HeaderLine[] {
  const lines: HeaderLine[] = (message.headers.get('via') ?? []).map((value) => line('Via', value));
  // Record-Route makes the route set of a dialog (section 12.1.1).
  if (message.method === 'INVITE' && status > 100 && status < 300) {
    for (const value of message.headers.get('record-route') ?? []) lines.push(line('Record-Route', value));
  }
  const to = message.headers.get('to')?.[0] ?? '';
  lines.push(
    line('From', message.headers.get('from')?.[0] ?? ''),
    line('To', envelope.toTag !== '' || toTag === undefined ? to : withTag(to, toTag)),
    line('Call-ID', envelope.callId),
    line('CSeq', message.headers.get('cseq')?.[0] ?? ''),
  );
  return lines;
}

/** A response to a request. */
export function replyTo(
  request: IncomingRequest,
  status: number,
  reason: string = reasonOf(status),
  options: ReplyOptions = {},
): ResponseMessage {
  const lines = replyLines(request, status, options.toTag);
  if (options.headers !== undefined) lines.push(...options.headers);
  if (options.contentType !== undefined) lines.push(line('Content-Type', options.contentType));
  lines.push(line('Content-Length', '0'));
  return makeResponse(status, reason, lines, options.body ?? '');
}
