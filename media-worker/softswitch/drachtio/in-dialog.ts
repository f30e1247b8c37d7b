import type { RequestMessage } from '../sip/message.ts';
import { resolveTarget, targetOf } from '../sip/resolve.ts';
import type { ClientHandlers, ClientTransaction } from '../sip/transaction-types.ts';
import type { Peer } from '../sip/transport.ts';
import type { Context } from './context.ts';
import type { DialogRecord } from './records.ts';

/** RFC 1918 and RFC 6598. */
const BEHIND_NAT = /^(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./;

/**
 * Where a request in this dialog goes: its TCP connection while that is open, else where `nextHop` points; but to where the far end was heard
 * from, if it says an address of a private network and is heard from none.
 */
export function peerInDialog(
  { transports }: Context,
  dialog: DialogRecord,
  nextHop: string,
): Peer | Promise<Peer> | 'bad-uri' | 'no-transport' {
  const target = targetOf(nextHop, transports, dialog.flow.transport);
  if (typeof target === 'string') return target;
  const { connection, address, port } = dialog.flow;
  const withFlow = (peer: Peer): Peer => {
    if (peer.transport === 'tcp') return connection === undefined ? peer : { ...peer, connection };
    const isBehindNat = BEHIND_NAT.test(peer.address) && !BEHIND_NAT.test(address);
    return isBehindNat && dialog.flow.transport === peer.transport ? { ...peer, address, port } : peer;
  };
  const peer = resolveTarget(target);
  return peer instanceof Promise ? peer.then(withFlow) : withFlow(peer);
}

/** Sends a request of the server's own in a dialog; what cannot be sent is dropped. */
export function sendInDialog(
  context: Context,
  dialog: DialogRecord,
  nextHop: string,
  request: RequestMessage,
  handlers: ClientHandlers,
  sent: (request: RequestMessage, peer: Peer) => void,
): void {
  const go = (peer: Peer): ClientTransaction => {
    const transaction = context.stack.transactions.request(request, peer, handlers);
    sent(transaction.request, peer);
    return transaction;
  };
  const peer = peerInDialog(context, dialog, nextHop);
  if (typeof peer === 'string') return;
  if (peer instanceof Promise) peer.then(go, () => {});
  else go(peer);
}
