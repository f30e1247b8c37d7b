import { randomUUID } from 'node:crypto';
import { parseAddress } from '../sip/address.ts';
import { cancelFor } from '../sip/cancel.ts';
import { newTag } from '../sip/ids.ts';
import { first, line, makeResponse, type RequestMessage, reasonOf, withLines } from '../sip/message.ts';
import type { IncomingResponse } from '../sip/transaction-types.ts';
import type { Peer } from '../sip/transport.ts';
import { inDialogHeaders, type OwnAddress } from './complete.ts';
import type { Context } from './context.ts';
import type { App, Outbound } from './records.ts';
import { fromNetwork, fromServer } from './to-app.ts';

/** Requests of applications that are under way: their records, what is told of them, and how they are cancelled. */
export interface OutboundRequests {
  ownAddress(peer: Peer): OwnAddress;
  open(app: App, method: string, dialogId: string): Outbound;
  leave(record: Outbound): void;
  tell(record: Outbound, response: IncomingResponse): void;
  /** A response that the server makes for a request that got none. */
  tellLocally(record: Outbound, request: RequestMessage, status: number, transport: string): void;
  /** The far end has said something: a CANCEL that waited may go. */
  heard(record: Outbound): void;
  /** An INVITE that rings without end is cancelled when its time is up. */
  limit(record: Outbound): void;
  /** Sends a CANCEL, with what `given` adds, as soon as that may be; returns it as it is sent. */
  sendCancel(record: Outbound, given: RequestMessage | undefined): RequestMessage | undefined;
}

export function createOutboundRequests(context: Context): OutboundRequests {
  const { stack, dialogs, outbound, clock, limits } = context;

  function ownAddress(peer: Peer): OwnAddress {
    return { ...stack.transport.addressFor(peer), transport: peer.transport };
  }

  function open(app: App, method: string, dialogId: string): Outbound {
    const id = randomUUID();
    const record: Outbound = {
      id,
      app,
      method,
      dialogId,
      transaction: undefined,
      provisional: false,
      pendingCancel: undefined,
      timers: new Set(),
    };
    outbound.set(id, record);
    return record;
  }

  function leave(record: Outbound): void {
    outbound.delete(record.id);
    for (const timer of record.timers) timer.cancel();
    record.timers.clear();
  }

  function tell(record: Outbound, response: IncomingResponse): void {
    if (!record.app.gone) fromNetwork(context, record.app, response, record.id, record.dialogId);
  }

  function tellLocally(record: Outbound, request: RequestMessage, status: number, transport: string): void {
    leave(record);
    if (record.app.gone) return;
    // To without brackets, as the server writes it here (transcript 08).
    const to = parseAddress(first(request, 'to') ?? '');
    const params = [...(to?.params ?? [])].map(([name, value]) => (value === '' ? `;${name}` : `;${name}=${value}`));
    const tag = to?.params.has('tag') === true ? '' : `;tag=${newTag()}`;
    const response = makeResponse(status, reasonOf(status), [
      line('Via', first(request, 'via') ?? ''),
      line('From', first(request, 'from') ?? ''),
      line('To', `${to?.uri ?? ''}${params.join('')}${tag}`),
      line('Call-ID', first(request, 'call-id') ?? ''),
      line('CSeq', first(request, 'cseq') ?? ''),
      line('Content-Length', '0'),
    ]);
    fromServer(context, record.app, response, transport, record.id, record.dialogId);
  }

  function heard(record: Outbound): void {
    record.provisional = true;
    const send = record.pendingCancel;
    record.pendingCancel = undefined;
    send?.();
  }

  function limit(record: Outbound): void {
    const timer = clock.after(limits.pendingInviteMs, () => {
      if (outbound.has(record.id)) sendCancel(record, undefined);
    });
    record.timers.add(timer);
  }

  function sendCancel(record: Outbound, given: RequestMessage | undefined): RequestMessage | undefined {
    const { transaction } = record;
    if (transaction === undefined) return undefined;
    const { to } = transaction;
    const extra = given === undefined ? [] : inDialogHeaders(given, ownAddress(to), undefined);
    const { request, branch } = cancelFor(transaction.request, extra);
    const send = (): void => {
      if (transaction.state !== 'calling' && transaction.state !== 'proceeding') return;
      stack.transactions.request(request, to, { onResponse: () => {}, onFailure: () => {} }, branch);
      // RFC 3261 section 9.1: a peer that answers the CANCEL and never the INVITE.
      record.timers.add(
        clock.after(64 * stack.timers.t1, () => {
          if (!outbound.has(record.id)) return;
          transaction.abandon();
          dialogs.rememberFailed(record.dialogId);
          tellLocally(record, transaction.request, 487, to.transport);
        }),
      );
    };
    if (record.provisional) send();
    else record.pendingCancel ??= send;
    return withLines(request, [line('Via', first(transaction.request, 'via') ?? ''), ...request.lines]);
  }

  return { ownAddress, open, leave, tell, tellLocally, heard, limit, sendCancel };
}
