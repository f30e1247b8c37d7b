import { bracket, parseAddress, parseUri, splitOutside } from '../sip/address.ts';
import { headerKey } from '../sip/header-names.ts';
import { newTag } from '../sip/ids.ts';
import { first, type HeaderLine, line, type RequestMessage, withLines, withTopVia } from '../sip/message.ts';
import { replyTo } from '../sip/reply.ts';
import { resolveTarget, targetOf } from '../sip/resolve.ts';
import type { IncomingRequest, ServerTransaction } from '../sip/transaction-types.ts';
import type { Peer } from '../sip/transport.ts';
import type { Context } from './context.ts';

/** What a proxy does to messages (RFC 3261 section 16), and requests in dialogs that it stays in (section 16.4 to 16.6). */

function isOurs({ stack }: Context, uriText: string): boolean {
  const uri = parseUri(uriText);
  if (uri === undefined) return false;
  const { udpPort, tcpPort, addresses, host } = stack.transport;
  const port = uri.port ?? 5060;
  return (port === udpPort || port === tcpPort) && (addresses.includes(uri.host) || uri.host === host);
}

function routes(message: RequestMessage): string[] {
  return (message.headers.get('route') ?? [])
    .flatMap((value) => splitOutside(value, ','))
    .filter((value) => value !== '');
}

/** True when the topmost Route is the Record-Route that we wrote. */
export function routedToUs(context: Context, message: RequestMessage): boolean {
  const top = routes(message)[0];
  const uri = top === undefined ? undefined : parseAddress(top)?.uri;
  return uri !== undefined && isOurs(context, uri);
}

/** The request as it goes on: our Route off, one hop less, and our Record-Route where we stay in the dialog. */
export function forwarded(
  context: Context,
  message: RequestMessage,
  recordRoute: HeaderLine | undefined,
): RequestMessage {
  const remaining = routedToUs(context, message) ? routes(message).slice(1) : routes(message);
  const hops = Number(first(message, 'max-forwards') ?? '71') - 1;
  const lines: HeaderLine[] = [];
  const vias = message.lines.filter(({ name }) => headerKey(name) === 'via');
  lines.push(...vias, ...remaining.map((value) => line('Route', value)));
  if (recordRoute !== undefined) lines.push(recordRoute);
  for (const header of message.lines) {
    const key = headerKey(header.name);
    if (key === 'record-route') lines.push(header);
  }
  lines.push(line('Max-Forwards', String(hops)));
  for (const header of message.lines) {
    const key = headerKey(header.name);
    if (key !== 'via' && key !== 'route' && key !== 'record-route' && key !== 'max-forwards') lines.push(header);
  }
  return withLines(message, lines);
}

export function recordRouteFor({ stack }: Context, peer: Peer): HeaderLine {
  const { host, port } = stack.transport.addressFor(peer);
  return line('Record-Route', `<sip:${bracket(host)}:${port}${peer.transport === 'tcp' ? ';transport=tcp' : ''};lr>`);
}

export function hopsLeft(message: RequestMessage): boolean {
  return Number(first(message, 'max-forwards') ?? '70') > 0;
}

function nextPeer(context: Context, request: RequestMessage): Peer | Promise<Peer> | undefined {
  const top = routes(request)[0];
  const uri = top === undefined ? request.uri : (parseAddress(top)?.uri ?? request.uri);
  const target = targetOf(uri, context.transports);
  return typeof target === 'string' ? undefined : resolveTarget(target);
}

/** A request in a dialog of a call that was proxied with `remainInDialog`: to its Route or Request-URI, responses back. */
export function relayRequest(context: Context, request: IncomingRequest, transaction: ServerTransaction): void {
  const fail = (status: number): void => {
    transaction.respond(replyTo(request, status, undefined, { toTag: newTag() }));
  };
  if (!hopsLeft(request.message)) {
    fail(483);
    return;
  }
  const onward = forwarded(context, request.message, undefined);
  const go = (peer: Peer): void => {
    context.stack.transactions.request(onward, peer, {
      onResponse: ({ message }) => {
        if (message.status > 100) transaction.respond(withTopVia(message, undefined));
      },
      onFailure: (why) => fail(why === 'timeout' ? 408 : 503),
    });
  };
  const peer = nextPeer(context, onward);
  if (peer === undefined) fail(404);
  else if (peer instanceof Promise) peer.then(go, () => fail(503));
  else go(peer);
}

export function relayAck(context: Context, { message }: IncomingRequest): void {
  if (!hopsLeft(message)) return;
  const onward = forwarded(context, message, undefined);
  const go = (peer: Peer): void => {
    context.stack.transactions.sendOnce(onward, peer);
  };
  const peer = nextPeer(context, onward);
  if (peer instanceof Promise) peer.then(go, () => {});
  else if (peer !== undefined) go(peer);
}
