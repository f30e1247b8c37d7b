import { fault, PivotError } from '../../../crds/errors/fault.ts';
import { softswitchCodes } from '../../../crds/errors/softswitch.ts';
import { acceptSeq, type DialogState, refreshTarget } from './dialog.ts';
import type { Credentials } from './digest.ts';
import { sipFailure } from './failure.ts';
import { first, type HeaderLine, line, type ResponseMessage } from './message.ts';
import { replyTo } from './reply.ts';
import type { IncomingRequest, ServerTransaction } from './transaction-types.ts';
import type { Peer } from './transport.ts';
import type { Dialog, DialogEnd, ExtraHeaders, SipMessage } from './types.ts';
import { createAnswers } from './ua-answers.ts';
import { ALLOW, contactFor, type DialogRecord, dialogKey, mergeHeaders, type UaContext } from './ua-context.ts';
import { createExchange } from './ua-exchange.ts';

export interface UaDialogOptions {
  readonly state: DialogState;
  readonly initial: SipMessage;
  readonly localSdp: string;
  readonly remoteSdp: string;
  /** Where the far end was last heard from. */
  readonly flow: Peer;
  readonly credentials?: Credentials | undefined;
}

export interface UaDialog extends DialogRecord {
  readonly dialog: Dialog;
  /**
   * Sends a 2xx to an INVITE and repeats it until the ACK comes. `weOffered`: the INVITE had no offer, so the ACK brings the
   * answer.
   */
  answer(transaction: ServerTransaction, response: ResponseMessage, weOffered: boolean): Promise<SipMessage>;
  /** Sends the ACK to a 2xx of ours; `seq` is the INVITE's. */
  acknowledge(seq: number, body: string): void;
}

/** A confirmed dialog of the user agent; registers itself with the context until it is over. */
export function createUaDialog(context: UaContext, options: UaDialogOptions): UaDialog {
  const { stack, dialogs } = context;
  const { state, initial, flow } = options;
  const controller = new AbortController();
  const { exchange, acknowledge } = createExchange(context, { state, flow, credentials: options.credentials, lost });
  const answers = createAnswers(stack, state.callId, lost);
  const key = dialogKey(state.callId, state.localTag, state.remoteTag);
  let { localSdp, remoteSdp } = options;
  let ourInvitePending = false;
  let theirInvite: { transaction: ServerTransaction; request: IncomingRequest } | undefined;

  const dialog: Dialog = {
    callId: state.callId,
    localTag: state.localTag,
    remoteTag: state.remoteTag,
    localUri: state.local,
    remoteUri: state.remote,
    initial,
    ended: controller.signal,
    get localSdp() {
      return localSdp;
    },
    get remoteSdp() {
      return remoteSdp;
    },
    onReinvite: undefined,
    onAckSdp: undefined,
    onInfo: undefined,
    bye,
    reinvite,
    async info(contentType, body) {
      return (await exchange('INFO', [line('Content-Type', contentType)], body)).message.status;
    },
    async request(method, headers, body = '') {
      return (await exchange(method, mergeHeaders([], headers), body)).message;
    },
  };

  function finish(end: DialogEnd): void {
    if (controller.signal.aborted) return;
    controller.abort(end);
    if (theirInvite !== undefined) respond(theirInvite.request, theirInvite.transaction, 487);
    theirInvite = undefined;
  }

  function forget(): void {
    if (dialogs.get(key) === record) dialogs.delete(key);
    answers.abandon();
  }

  async function bye(headers?: ExtraHeaders): Promise<void> {
    if (controller.signal.aborted) return;
    finish({ side: 'local' });
    // RFC 3261 section 15: no BYE from the callee before the ACK came or was given up.
    await answers.settled();
    try {
      await exchange('BYE', mergeHeaders([], headers), '');
    } catch {
      // Nobody answered: the dialog is over all the same.
    } finally {
      forget();
    }
  }

  /** The far end does not know the dialog any more, is gone, or never acknowledged. */
  function lost(): void {
    if (controller.signal.aborted) return;
    finish({ side: 'timeout' });
    exchange('BYE', [], '').then(forget, forget);
  }

  async function reinvite(sdp: string, headers?: ExtraHeaders): Promise<string> {
    if (controller.signal.aborted)
      throw new PivotError(fault(softswitchCodes.dialogGone, 're-INVITE in a dialog that is over'));
    // Section 14.1: one INVITE at a time, in either direction.
    if (ourInvitePending || theirInvite !== undefined) throw sipFailure(491);
    ourInvitePending = true;
    try {
      const lines = mergeHeaders([line('Content-Type', 'application/sdp')], headers);
      const { message } = await exchange('INVITE', lines, sdp);
      if (message.status >= 300) throw sipFailure(message.status, message);
      localSdp = sdp;
      if (message.body !== '') remoteSdp = message.body;
      return message.body;
    } finally {
      ourInvitePending = false;
    }
  }

  function respond(
    request: IncomingRequest,
    transaction: ServerTransaction,
    status: number,
    headers: readonly HeaderLine[] = [],
  ): void {
    transaction.respond(replyTo(request, status, undefined, { headers }));
  }

  async function handleOffer(request: IncomingRequest, transaction: ServerTransaction): Promise<void> {
    const { message } = request;
    const isInvite = message.method === 'INVITE';
    if (ourInvitePending) {
      respond(request, transaction, 491);
      return;
    }
    if (theirInvite !== undefined || (isInvite && answers.waiting)) {
      const seconds = String(Math.floor(Math.random() * 10));
      respond(request, transaction, 500, [line('Retry-After', seconds)]);
      return;
    }
    if (!isInvite && message.body === '') {
      refreshTarget(state, message);
      respond(request, transaction, 200, [line('Contact', contactFor(context, transaction.to))]);
      return;
    }
    theirInvite = { request, transaction };
    let sdp: string;
    try {
      sdp = dialog.onReinvite === undefined ? localSdp : await dialog.onReinvite(message.body, message);
    } catch (error) {
      context.log?.('debug', 're-INVITE refused', { error: String(error) });
      if (theirInvite?.transaction === transaction) respond(request, transaction, 488);
      theirInvite = undefined;
      return;
    }
    // A BYE came in between: it was answered 487 already.
    if (theirInvite?.transaction !== transaction) return;
    theirInvite = undefined;
    refreshTarget(state, message);
    localSdp = sdp;
    if (message.body !== '') remoteSdp = message.body;
    const response = replyTo(request, 200, undefined, {
      headers: [line('Contact', contactFor(context, transaction.to)), line('Allow', ALLOW)],
      contentType: 'application/sdp',
      body: sdp,
    });
    if (isInvite) answers.send(transaction, response, message.body === '').catch(() => {});
    else transaction.respond(response);
  }

  const record: UaDialog = {
    dialog,
    dispose() {
      finish({ side: 'local' });
      forget();
    },
    answer: answers.send,
    acknowledge,
    async close() {
      await bye();
    },
    handleAck(ack) {
      answers.acknowledged(ack, (sdp) => {
        remoteSdp = sdp;
        dialog.onAckSdp?.(sdp);
      });
    },
    handle(request, transaction) {
      const { message, envelope } = request;
      if (!acceptSeq(state, envelope.seq)) {
        respond(request, transaction, 500);
        return;
      }
      if (message.method === 'BYE') {
        respond(request, transaction, 200);
        finish({ side: 'remote', message });
        forget();
        return;
      }
      if (controller.signal.aborted) {
        respond(request, transaction, 481);
        return;
      }
      switch (message.method) {
        case 'INVITE':
        case 'UPDATE':
          handleOffer(request, transaction).catch((error: unknown) =>
            context.log?.('error', 're-INVITE', { error: String(error) }),
          );
          return;
        case 'INFO':
          respond(request, transaction, 200);
          dialog.onInfo?.(first(message, 'content-type') ?? '', message.body, message);
          return;
        case 'OPTIONS':
          respond(request, transaction, 200, [line('Allow', ALLOW), line('Accept', 'application/sdp')]);
          return;
        default:
          respond(request, transaction, 405, [line('Allow', ALLOW)]);
      }
    },
  };
  dialogs.set(key, record);
  return record;
}
