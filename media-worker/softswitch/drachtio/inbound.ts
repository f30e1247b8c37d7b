import { randomUUID } from 'node:crypto';
import { parseAddress } from '../sip/address.ts';
import { acceptSeq, dialogOfRequest, refreshTarget, requestInDialog } from '../sip/dialog.ts';
import { newTag } from '../sip/ids.ts';
import { type HeaderLine, line, type ResponseMessage } from '../sip/message.ts';
import { replyTo } from '../sip/reply.ts';
import { retransmit2xx } from '../sip/retransmit-2xx.ts';
import { serialize } from '../sip/serialize.ts';
import type { IncomingRequest, ServerTransaction } from '../sip/transaction-types.ts';
import { completeResponse, type OwnAddress, Refused } from './complete.ts';
import type { Context } from './context.ts';
import { dialogIdOf } from './dialogs.ts';
import { sendInDialog } from './in-dialog.ts';
import type { App, DialogRecord, Inbound } from './records.ts';
import { relayAck, relayRequest, routedToUs } from './relay.ts';
import { fromNetwork, nok, responseSent, unsolicited } from './to-app.ts';

/** Methods that a SIP element knows; any other gets 405 unless an application routes it. */
const KNOWN_METHODS =
  'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, REGISTER, MESSAGE, SUBSCRIBE, NOTIFY, PUBLISH, REFER, UPDATE, PRACK';
const KNOWN = new Set(KNOWN_METHODS.split(', '));
/** Requests that mean nothing outside a dialog. */
const IN_DIALOG_ONLY = new Set(['BYE', 'PRACK', 'UPDATE']);
/** Requests whose replies name the dialog (transcript 13: neither BYE nor what is outside a dialog). */
const UNNAMED = new Set(['BYE']);

/** The side of the server that answers: requests from the network go to applications, their responses come back. */
export interface InboundSide {
  request(request: IncomingRequest, transaction: ServerTransaction): void;
  ack(ack: IncomingRequest): void;
  /** A response of an application. */
  respond(app: App, replyTo: string, transactionId: string, given: ResponseMessage): void;
}

export function createInbound(context: Context): InboundSide {
  const { stack, dialogs, inbound, limits, clock } = context;
  const byTransaction = new WeakMap<ServerTransaction, Inbound>();

  function refuse(
    request: IncomingRequest,
    transaction: ServerTransaction,
    status: number,
    headers: readonly HeaderLine[] = [],
  ): void {
    transaction.respond(replyTo(request, status, undefined, { toTag: newTag(), headers }));
  }

  function ownAddress(transaction: ServerTransaction): OwnAddress {
    return { ...stack.transport.addressFor(transaction.to), transport: transaction.to.transport };
  }

  function admit(
    request: IncomingRequest,
    transaction: ServerTransaction,
    app: App,
    dialog: DialogRecord | undefined,
  ): Inbound {
    const { envelope, message } = request;
    const isInvite = message.method === 'INVITE';
    const id = randomUUID();
    const record: Inbound = {
      id,
      app,
      request,
      transaction,
      dialogId: dialog?.id ?? (isInvite ? dialogIdOf(envelope.callId, envelope.fromTag) : ''),
      toTag: envelope.toTag === '' ? newTag() : envelope.toTag,
      dialog,
      expiry: clock.after(isInvite ? limits.pendingInviteMs : 64 * stack.timers.t1, () => expire(record)),
    };
    inbound.set(id, record);
    byTransaction.set(transaction, record);
    return record;
  }

  /** The application never answered: the caller gets 408, so that nothing is left. */
  function expire(record: Inbound): void {
    if (!inbound.has(record.id)) return;
    record.transaction.respond(replyTo(record.request, 408, undefined, { toTag: record.toTag }));
    leave(record, 408);
  }

  /** The final response is out: what the request had opened and not confirmed ends. */
  function leave(record: Inbound, status: number): void {
    inbound.delete(record.id);
    record.expiry.cancel();
    const { dialog } = record;
    if (dialog === undefined) return;
    const { method } = record.request.message;
    if (method === 'INVITE') dialog.inviteInbound = false;
    if (method === 'BYE' || (method === 'INVITE' && status >= 300 && !dialog.confirmed)) dialogs.close(dialog);
  }

  function outside(request: IncomingRequest, transaction: ServerTransaction): void {
    const { message } = request;
    const isInvite = message.method === 'INVITE';
    if (IN_DIALOG_ONLY.has(message.method)) {
      refuse(request, transaction, 481);
      return;
    }
    if (isInvite) transaction.respond(replyTo(request, 100));
    if (stack.transactions.active > limits.transactions || (isInvite && dialogs.size >= limits.dialogs)) {
      refuse(request, transaction, 503, [line('Retry-After', '5')]);
      return;
    }
    const app = context.routes.next(message.method.toLowerCase());
    if (app === undefined) {
      if (KNOWN.has(message.method)) refuse(request, transaction, 503);
      else refuse(request, transaction, 405, [line('Allow', KNOWN_METHODS)]);
      return;
    }
    const record = admit(request, transaction, app, undefined);
    fromNetwork(context, app, request, record.id, '', stack.transport.addressFor(request.from));
  }

  function inside(request: IncomingRequest, transaction: ServerTransaction): void {
    const { message, envelope } = request;
    const dialog = dialogs.byTags(envelope.callId, envelope.toTag, envelope.fromTag);
    if (dialog === undefined) {
      if (routedToUs(context, message)) relayRequest(context, request, transaction);
      else refuse(request, transaction, 481);
      return;
    }
    if (dialog.app.gone) {
      refuse(request, transaction, 481);
      if (message.method === 'BYE') dialogs.close(dialog);
      return;
    }
    if (!acceptSeq(dialog.state, envelope.seq)) {
      refuse(request, transaction, 500);
      return;
    }
    if (message.method === 'INVITE') {
      transaction.respond(replyTo(request, 100));
      // RFC 3261 section 14.2: one at a time.
      if (dialog.inviteInbound) {
        refuse(request, transaction, 500, [line('Retry-After', String(Math.floor(Math.random() * 10)))]);
        return;
      }
      if (dialog.sentInvite?.outcome === 'pending' && dialog.confirmed) {
        refuse(request, transaction, 491);
        return;
      }
      dialog.inviteInbound = true;
    }
    if (message.method === 'INVITE' || message.method === 'UPDATE') refreshTarget(dialog.state, message);
    if (request.from.transport === 'tcp') dialog.flow = request.from;
    const record = admit(request, transaction, dialog.app, dialog);
    fromNetwork(context, dialog.app, request, record.id, dialog.id);
  }

  function cancel(request: IncomingRequest, transaction: ServerTransaction): void {
    const cancelled = stack.transactions.findCancelled(request);
    if (cancelled === undefined) {
      refuse(request, transaction, 481);
      return;
    }
    const record = byTransaction.get(cancelled);
    transaction.respond(replyTo(request, 200, undefined, { toTag: record?.toTag ?? newTag() }));
    if (record === undefined || cancelled.answered) return;
    if (record.cancelProxy !== undefined) {
      record.cancelProxy();
      return;
    }
    cancelled.respond(replyTo(record.request, 487, undefined, { toTag: record.toTag }));
    leave(record, 487);
    if (!record.app.gone) fromNetwork(context, record.app, request, record.id, record.dialogId);
  }

  /** The dialog of an INVITE that is being answered; early from the first response with a tag (RFC 3261 section 12.1). */
  function dialogFor(record: Inbound): DialogRecord {
    if (record.dialog === undefined) {
      const state = dialogOfRequest(record.request.message, record.toTag);
      record.dialog = dialogs.open(record.dialogId, state, record.app, record.request.from);
      if (record.app.gone) dialogs.orphan(record.app, limits.orphanDialogMs);
    }
    return record.dialog;
  }

  /** No ACK within 64*T1: the server hangs up and tells the application. */
  function noAck(dialog: DialogRecord): void {
    const { request, nextHop } = requestInDialog(dialog.state, 'BYE');
    sendInDialog(context, dialog, nextHop, request, { onResponse: () => {}, onFailure: () => {} }, (sent, peer) => {
      if (!dialog.app.gone) unsolicited(context, dialog.app, sent, peer, dialog.id);
    });
    dialogs.close(dialog);
  }

  function accepted(record: Inbound, response: ResponseMessage): void {
    const dialog = dialogFor(record);
    dialog.confirmed = true;
    const { seq } = record.request.envelope;
    const stop = retransmit2xx(
      clock,
      stack.timers,
      () => record.transaction.respond(response),
      () => noAck(dialog),
    );
    dialog.unacknowledged.set(seq, { stop, transactionId: record.id });
  }

  return {
    request(request, transaction) {
      if (request.message.method === 'CANCEL') cancel(request, transaction);
      else if (request.envelope.toTag === '') outside(request, transaction);
      else inside(request, transaction);
    },

    ack(ack) {
      const { callId, toTag, fromTag, seq } = ack.envelope;
      const dialog = dialogs.byTags(callId, toTag, fromTag);
      if (dialog === undefined) {
        if (routedToUs(context, ack.message)) relayAck(context, ack);
        return;
      }
      const waiting = dialog.unacknowledged.get(seq);
      if (waiting === undefined) return;
      waiting.stop();
      dialog.unacknowledged.delete(seq);
      if (!dialog.app.gone) fromNetwork(context, dialog.app, ack, waiting.transactionId, dialog.id);
    },

    respond(app, replyId, transactionId, given) {
      const record = inbound.get(transactionId);
      if (record === undefined) {
        nok(app, replyId, 'Response not sent due to unknown transaction');
        return;
      }
      const { request, transaction } = record;
      const { method } = request.message;
      const isInvite = method === 'INVITE';
      let response: ResponseMessage;
      try {
        response = completeResponse(given, request, { own: ownAddress(transaction), toTag: chosenTag(record, given) });
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        nok(app, replyId, error.message);
        return;
      }
      // The dialog has to be there before a request in it can come.
      if (isInvite && response.status > 100 && response.status < 200) dialogFor(record);
      if (!transaction.respond(response)) {
        leave(record, 500);
        nok(app, replyId, 'Response not sent due to unknown transaction');
        return;
      }
      if (isInvite && response.status >= 200 && response.status < 300) accepted(record, response);
      if (response.status >= 200) leave(record, response.status);
      const dialogId = UNNAMED.has(method) ? '' : record.dialogId;
      responseSent(context, app, replyId, serialize(response), transaction.to, isInvite, record.id, dialogId);
    },
  };
}

/** An application may choose the tag with its first response; later ones keep it. */
function chosenTag(record: Inbound, given: ResponseMessage): string {
  if (record.dialog !== undefined || record.request.envelope.toTag !== '') return record.toTag;
  const chosen = parseAddress(given.headers.get('to')?.[0] ?? '')?.params.get('tag');
  if (chosen !== undefined && chosen !== '') record.toTag = chosen;
  return record.toTag;
}
