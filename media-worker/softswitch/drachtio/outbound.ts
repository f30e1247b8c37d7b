import { randomUUID } from 'node:crypto';
import { bracket, parseAddress } from '../sip/address.ts';
import { applyResponse, dialogOfResponse, requestInDialog } from '../sip/dialog.ts';
import { firstSeq, newBranch, newCallId } from '../sip/ids.ts';
import { first, line, type RequestMessage, withLines } from '../sip/message.ts';
import { resolveTarget, targetOf } from '../sip/resolve.ts';
import { startLine } from '../sip/serialize.ts';
import type { ClientHandlers, IncomingResponse } from '../sip/transaction-types.ts';
import type { Peer } from '../sip/transport.ts';
import { completeRequest, Refused } from './complete.ts';
import type { Context } from './context.ts';
import { dialogIdOf } from './dialogs.ts';
import { peerInDialog, sendInDialog } from './in-dialog.ts';
import { createInside } from './outbound-inside.ts';
import { createOutboundRequests } from './outbound-requests.ts';
import type { App, DialogRecord, Outbound, SentInvite } from './records.ts';
import { NO_TRANSPORT, nok, requestSent } from './to-app.ts';

/** Requests outside a dialog that make one. */
const MAKES_DIALOG = new Set(['INVITE', 'SUBSCRIBE', 'REFER']);

/** The side of the server that asks: requests of applications go to the network, responses come back. */
export interface OutboundSide {
  /** `routeUrl` is where to send it, when that is not where the Request-URI points. */
  outside(app: App, replyTo: string, given: RequestMessage, routeUrl: string): void;
  inside(app: App, replyTo: string, given: RequestMessage, dialogId: string): void;
  cancel(app: App, replyTo: string, given: RequestMessage, transactionId: string): void;
}

export function createOutbound(context: Context): OutboundSide {
  const { stack, dialogs, outbound, clock, limits } = context;
  const requests = createOutboundRequests(context);
  const { ownAddress, open, leave, tell, tellLocally, heard, limit, sendCancel } = requests;

  function outsideHandlers(record: Outbound): ClientHandlers {
    let dialog: DialogRecord | undefined;
    let sent: SentInvite | undefined;
    const isInvite = record.method === 'INVITE';
    const dialogFor = (response: IncomingResponse): DialogRecord => {
      const request = record.transaction!.request;
      if (dialog === undefined) {
        const state = dialogOfResponse(request, response.message);
        dialog = dialogs.open(record.dialogId, state, record.app, response.from);
        sent = { seq: state.localSeq, outcome: 'pending' };
        dialog.sentInvite = sent;
        if (record.app.gone) dialogs.orphan(record.app, limits.orphanDialogMs);
      }
      return dialog;
    };
    return {
      onResponse(response) {
        const { status } = response.message;
        if (status < 200) {
          heard(record);
          if (status === 100) return;
          if (isInvite && response.envelope.toTag !== '') early(response);
          tell(record, response);
          return;
        }
        if (isInvite && status < 300) {
          answered(response);
          return;
        }
        if (isInvite) {
          if (dialog !== undefined) dialogs.close(dialog);
          dialogs.rememberFailed(record.dialogId);
        }
        leave(record);
        tell(record, response);
      },
      onFailure(why) {
        const { request, to } = record.transaction!;
        if (dialog !== undefined && !dialog.confirmed) dialogs.close(dialog);
        if (isInvite) dialogs.rememberFailed(record.dialogId);
        tellLocally(record, request, why === 'timeout' ? 408 : 503, to.transport);
      },
    };

    /** Forked provisional responses: the dialog id has only our tag, so the latest branch is the one that counts. */
    function early(response: IncomingResponse): void {
      if (dialog !== undefined && dialog.state.remoteTag !== response.envelope.toTag) {
        dialogs.close(dialog);
        dialog = undefined;
      }
      dialogFor(response);
    }

    function answered(response: IncomingResponse): void {
      if (dialog?.confirmed === true) {
        if (dialog.state.remoteTag !== response.envelope.toTag) hangUpFork(response);
        else if (sent?.ack !== undefined) stack.transactions.sendOnce(sent.ack.request, sent.ack.peer);
        return;
      }
      early(response);
      const confirmed = dialogFor(response);
      applyResponse(confirmed.state, response.message);
      confirmed.confirmed = true;
      if (response.from.transport === 'tcp') confirmed.flow = response.from;
      sent!.outcome = 'success';
      leave(record);
      tell(record, response);
    }

    /** A second phone answered too: acknowledged and hung up (RFC 3261 section 13.2.2.4). */
    function hangUpFork(response: IncomingResponse): void {
      const state = dialogOfResponse(record.transaction!.request, response.message);
      const fork: DialogRecord = { ...dialog!, state, flow: response.from };
      const nothing: ClientHandlers = { onResponse: () => {}, onFailure: () => {} };
      const ack = requestInDialog(state, 'ACK', { seq: state.localSeq });
      const peer = peerInDialog(context, fork, ack.nextHop);
      if (typeof peer === 'string' || peer instanceof Promise) return;
      stack.transactions.sendOnce(ack.request, peer);
      const bye = requestInDialog(state, 'BYE');
      sendInDialog(context, fork, bye.nextHop, bye.request, nothing, () => {});
    }
  }

  function outside(app: App, replyTo: string, given: RequestMessage, routeUrl: string): void {
    const route = given.headers.get('route')?.[0];
    const routed = route === undefined ? undefined : parseAddress(route)?.uri;
    const uriFault = targetOf(given.uri, context.transports);
    if (uriFault === 'bad-uri') {
      nok(app, replyTo, `invalid request-uri: ${startLine(given)}`);
      return;
    }
    const target = targetOf(routeUrl !== '' ? routeUrl : (routed ?? given.uri), context.transports);
    if (typeof target === 'string') {
      nok(app, replyTo, target === 'bad-uri' ? `invalid route: ${routeUrl}` : NO_TRANSPORT);
      return;
    }
    if (stack.transactions.active > limits.transactions || dialogs.size >= limits.dialogs) {
      nok(app, replyTo, 'Error creating leg');
      return;
    }
    const go = (peer: Peer): void => start(app, replyTo, given, peer);
    const peer = resolveTarget(target);
    if (!(peer instanceof Promise)) go(peer);
    else peer.then(go, () => unresolved(app, replyTo, given, target.transport));
  }

  function complete(app: App, replyTo: string, given: RequestMessage, peer: Peer): RequestMessage | undefined {
    try {
      return completeRequest(given, {
        own: ownAddress(peer),
        callId: newCallId(),
        seq: firstSeq(clock.now()),
        userAgent: context.userAgent,
      });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      nok(app, replyTo, error.message);
      return undefined;
    }
  }

  function idFor(request: RequestMessage): string {
    if (!MAKES_DIALOG.has(request.method)) return '';
    const tag = parseAddress(first(request, 'from') ?? '')?.params.get('tag') ?? '';
    return dialogIdOf(first(request, 'call-id') ?? '', tag);
  }

  function start(app: App, replyTo: string, given: RequestMessage, peer: Peer): void {
    if (stack.transport.isSelf(peer)) {
      nok(app, replyTo, 'can not send request to myself');
      return;
    }
    const request = complete(app, replyTo, given, peer);
    if (request === undefined) return;
    const record = open(app, request.method, idFor(request));
    if (request.method === 'INVITE') limit(record);
    record.transaction = stack.transactions.request(request, peer, outsideHandlers(record));
    requestSent(context, app, replyTo, record.transaction.request, peer, record.id);
  }

  /** A name without an address: as the server does it, the request counts as sent, and a 503 of its own follows. */
  function unresolved(app: App, replyTo: string, given: RequestMessage, transport: Peer['transport']): void {
    if (app.gone) return;
    const nowhere: Peer = { transport, address: '0.0.0.0', port: 0 };
    const request = complete(app, replyTo, given, nowhere);
    if (request === undefined) return;
    const own = stack.transport.addressFor(nowhere);
    const via = `SIP/2.0/${transport.toUpperCase()} ${bracket(own.host)}:${own.port};branch=${newBranch()}`;
    const sent = withLines(request, [line('Via', via), ...request.lines]);
    const record = open(app, request.method, idFor(request));
    requestSent(context, app, replyTo, sent, nowhere, record.id);
    if (request.method === 'INVITE') dialogs.rememberFailed(record.dialogId);
    tellLocally(record, sent, 503, transport);
  }

  return {
    outside,
    inside: createInside(context, requests),
    cancel(app, replyTo, given, transactionId) {
      const record = outbound.get(transactionId);
      if (record?.transaction === undefined || record.method !== 'INVITE') {
        nok(app, replyTo, `unable to cancel unknown transaction id: ${transactionId}`);
        return;
      }
      const sent = sendCancel(record, given);
      if (sent !== undefined) requestSent(context, app, replyTo, sent, record.transaction.to, randomUUID());
    },
  };
}
