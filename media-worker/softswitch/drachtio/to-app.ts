import { randomUUID } from 'node:crypto';
import type { Message, RequestMessage } from '../sip/message.ts';
import { serialize } from '../sip/serialize.ts';
import type { IncomingRequest, IncomingResponse } from '../sip/transaction-types.ts';
import type { Peer } from '../sip/transport.ts';
import type { Context } from './context.ts';
import { timeOfDay } from './frames.ts';
import type { App } from './records.ts';

/** Every frame from the server to an application, token by token (wire/README.md section A). */

export function ok(app: App, replyTo: string, ...tokens: string[]): void {
  app.send([randomUUID(), 'response', replyTo, 'OK', ...tokens].join('|'));
}

/** Refused by the frame parser; the caller closes the connection where the server does. */
export function no(app: App, replyTo: string, why: string): void {
  app.send([randomUUID(), 'response', replyTo, 'NO', why].join('|'));
}

/** What the SIP side says when no transport of the server's fits. */
export const NO_TRANSPORT = 'requested protocol/transport not available';

/** Refused by the SIP side. */
export function nok(app: App, replyTo: string, why: string): void {
  app.send([randomUUID(), 'response', replyTo, 'NOK', why].join('|'));
}

/** A message from the network. `local` only for requests outside a dialog. */
export function fromNetwork(
  { clock }: Context,
  app: App,
  { message, from, size }: IncomingRequest | IncomingResponse,
  transactionId: string,
  dialogId: string,
  local?: { readonly host: string; readonly port: number },
): void {
  const isAck = message.kind === 'request' && message.method === 'ACK';
  const tokens = [
    randomUUID(),
    'sip',
    'network',
    String(size),
    isAck ? '' : from.transport,
    from.address,
    String(from.port),
    timeOfDay(clock.now()),
    transactionId,
    dialogId,
  ];
  if (local !== undefined) tokens.push(local.host, String(local.port));
  app.send(`${tokens.join('|')}|\r\n${serialize(message)}`);
}

/** A response that the server made itself, since nobody answered (408) or nobody could be reached (503). */
export function fromServer(
  { clock }: Context,
  app: App,
  message: Message,
  transport: string,
  transactionId: string,
  dialogId: string,
): void {
  const leader = [
    randomUUID(),
    'sip',
    'network',
    '0',
    transport,
    '',
    '0',
    timeOfDay(clock.now()),
    transactionId,
    dialogId,
  ];
  app.send(`${leader.join('|')}|\r\n${serialize(message)}`);
}

/** A request that the server sent to the far end by itself: the BYE after an ACK that never came. */
export function unsolicited({ clock }: Context, app: App, request: RequestMessage, peer: Peer, dialogId: string): void {
  const text = serialize(request);
  const leader = [
    randomUUID(),
    'sip',
    'application',
    String(Buffer.byteLength(text)),
    peer.transport,
    peer.address,
    String(peer.port),
    timeOfDay(clock.now()),
    'unsolicited',
    dialogId,
  ];
  app.send(`${leader.join('|')}|\r\n${text}`);
}

/** The reply to a response that was sent. Without a protocol for anything but INVITE, as recorded. */
export function responseSent(
  { clock }: Context,
  app: App,
  replyTo: string,
  text: string,
  to: Peer,
  isInvite: boolean,
  transactionId: string,
  dialogId: string,
): void {
  const leader = [
    'application',
    String(Buffer.byteLength(text)),
    isInvite ? to.transport : '',
    to.address,
    String(to.port),
    timeOfDay(clock.now()),
    transactionId,
    dialogId,
    '',
    'Msg sent:',
  ];
  ok(app, replyTo, `${leader.join('|')}|\r\n${text}`);
}

/** The reply to a request that was sent. Over UDP the address is our own, over TCP the peer's, as recorded. */
export function requestSent(
  { clock, stack }: Context,
  app: App,
  replyTo: string,
  request: RequestMessage,
  to: Peer,
  transactionId: string,
): void {
  const text = serialize(request);
  const own = stack.transport.addressFor(to);
  const address = to.transport === 'udp' ? own.host : to.address;
  const port = to.transport === 'udp' ? own.port : to.port;
  const leader = [
    'application',
    String(Buffer.byteLength(text)),
    to.transport,
    address,
    String(port),
    timeOfDay(clock.now()),
    transactionId,
    'Msg sent:',
  ];
  ok(app, replyTo, `${leader.join('|')}|\r\n${text}`);
}
