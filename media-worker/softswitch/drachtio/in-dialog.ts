import type { RequestMessage } from '../sip/message.ts';
import { resolveTarget, targetOf } from '../sip/resolve.ts';
import type { ClientHandlers, ClientTransaction } from '../sip/transaction-types.ts';
import type { Peer } from '../sip/transport.ts';
import type { Context } from './context.ts';
import type { DialogRecord } from './records.ts';

/** Where a request in this dialog goes: its TCP connection while that is open, else where `nextHop` points. */
export function peerInDialog(
  { transports }: Context,
  dialog: DialogRecord,
  nextHop: string,
): Peer | Promise<Peer> | 'bad-uri' | 'no-transport' {
  const target = targetOf(nextHop, transports, dialog.flow.transport);
  if (typeof target === 'string') return target;
  const { connection } = dialog.flow;
  const withFlow = (peer: Peer): Peer =>
    connection !== undefined && peer.transport === 'tcp' ? { ...peer, connection } : peer;
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
