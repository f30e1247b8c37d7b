import { fault, PivotError } from '../../../crds/errors/fault.ts';
import { softswitchCodes } from '../../../crds/errors/softswitch.ts';
import { acceptSeq, type DialogState, type InDialogOptions, refreshTarget, requestInDialog } from './dialog.ts';
import { answerChallenge, type Credentials, parseChallenge } from './digest.ts';
import { sipFailure } from './failure.ts';
import { first, type HeaderLine, line, type ResponseMessage } from './message.ts';
import { replyTo } from './reply.ts';
import { resolveTarget, targetOf } from './resolve.ts';
import { retransmit2xx } from './retransmit-2xx.ts';
import type { IncomingRequest, IncomingResponse, ServerTransaction } from './transactions.ts';
import type { Peer } from './transport.ts';
import type { Dialog, DialogEnd, ExtraHeaders, SipMessage } from './types.ts';
import {
  ALLOW,
  contactFor,
  contentHeaders,
  type DialogRecord,
  dialogKey,
  mergeHeaders,
  sendTo,
  type UaContext,
} from './ua-context.ts';

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

interface Unacknowledged {
  readonly weOffered: boolean;
  readonly settled: Promise<SipMessage>;
  acknowledged(ack: IncomingRequest): void;
  abandoned(): void;
}

/** A confirmed dialog of the user agent; registers itself with the context until it is over. */
export function createUaDialog(context: UaContext, options: UaDialogOptions): UaDialog {
  const { stack, dialogs } = context;
  const { state, initial, flow } = options;
  const controller = new AbortController();
  const unacknowledged = new Map<number, Unacknowledged>();
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
    for (const waiting of unacknowledged.values()) waiting.abandoned();
    unacknowledged.clear();
  }

  async function bye(headers?: ExtraHeaders): Promise<void> {
    if (controller.signal.aborted) return;
    finish({ side: 'local' });
    // RFC 3261 section 15: no BYE from the callee before the ACK came or was given up.
    await Promise.allSettled([...unacknowledged.values()].map(({ settled }) => settled));
    try {
      await exchange('BYE', mergeHeaders([], headers), '');
    } catch {
      // Nobody answered: the dialog is over all the same.
    } finally {
      forget();
    }
  }

  /** One request in the dialog and its final response, with one answer to a challenge. Rejects with 408 or 503 of our own. */
  async function exchange(method: string, headers: readonly HeaderLine[], body: string): Promise<IncomingResponse> {
    const response = await exchangeOnce(method, headers, body);
    const { status } = response.message;
    if ((status === 401 || status === 407) && options.credentials !== undefined) {
      const value = first(response.message, status === 401 ? 'www-authenticate' : 'proxy-authenticate') ?? '';
      const challenge = parseChallenge(value);
      if (challenge !== undefined) {
        const name = status === 401 ? 'Authorization' : 'Proxy-Authorization';
        const proof = answerChallenge(challenge, options.credentials, method, state.remoteTarget);
        return exchangeOnce(method, [...headers, line(name, proof)], body);
      }
    }
    return response;
  }

  function exchangeOnce(method: string, headers: readonly HeaderLine[], body: string): Promise<IncomingResponse> {
    return new Promise((resolve, reject) => {
      const seq = ++state.localSeq;
      let acked = '';
      const built = (withContact: readonly HeaderLine[]) => {
        const request: InDialogOptions = {
          seq,
          headers: [
            ...withContact,
            ...headers,
            line('User-Agent', context.options.userAgent),
            line('Content-Length', '0'),
          ],
          body,
        };
        return requestInDialog(state, method, request);
      };
      const { nextHop } = built([]);
      const target = method === 'INVITE' || method === 'UPDATE';
      sendTo(
        context,
        nextHop,
        flow,
        {
          onResponse(response) {
            const { status } = response.message;
            if (status < 200) return;
            if (target && status < 300) {
              if (method === 'INVITE' && acked === 'yes') {
                acknowledge(seq, '');
                return;
              }
              refreshTarget(state, response.message);
              if (method === 'INVITE') acknowledge(seq, '');
              acked = 'yes';
            }
            if (status === 481 || status === 408) {
              if (method !== 'BYE') lost();
            }
            resolve(response);
          },
          onFailure(why, error) {
            if (method !== 'BYE' && why === 'timeout') lost();
            reject(sipFailure(why === 'timeout' ? 408 : 503, undefined, error));
          },
        },
        (peer) => built(target ? [line('Contact', contactFor(context, peer))] : []).request,
      );
    });
  }

  /** RFC 3261 section 12.2.1.2: the far end does not know the dialog any more, or is gone. */
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

  function acknowledge(seq: number, body: string): void {
    const { request, nextHop } = requestInDialog(state, 'ACK', { seq, headers: contentHeaders(body), body });
    // The ACK is no transaction: it goes the way that a request would.
    sendAck(context, nextHop, flow, request);
  }

  function answer(transaction: ServerTransaction, response: ResponseMessage, weOffered: boolean): Promise<SipMessage> {
    const { seq } = transaction.request.envelope;
    const { promise, resolve, reject } = Promise.withResolvers<SipMessage>();
    promise.catch(() => {});
    const done = (): void => {
      stop();
      unacknowledged.delete(seq);
    };
    const stop = retransmit2xx(
      stack.clock,
      stack.timers,
      () => transaction.respond(response),
      () => {
        done();
        reject(new PivotError(fault(softswitchCodes.noAck, `no ACK to the 200 of call ${state.callId}`)));
        if (controller.signal.aborted) return;
        finish({ side: 'timeout' });
        exchange('BYE', [], '').then(forget, forget);
      },
    );
    unacknowledged.set(seq, {
      weOffered,
      settled: promise,
      acknowledged(ack) {
        done();
        resolve(ack.message);
      },
      abandoned() {
        done();
        reject(new PivotError(fault(softswitchCodes.dialogGone, `the call ${state.callId} ended before its ACK`)));
      },
    });
    transaction.respond(response);
    return promise;
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
    if (theirInvite !== undefined || (isInvite && unacknowledged.size > 0)) {
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
    if (isInvite) answer(transaction, response, message.body === '').catch(() => {});
    else transaction.respond(response);
  }

  const record: UaDialog = {
    dialog,
    dispose() {
      finish({ side: 'local' });
      forget();
    },
    answer,
    acknowledge,
    async close() {
      await bye();
    },
    handleAck(ack) {
      const waiting = unacknowledged.get(ack.envelope.seq);
      if (waiting === undefined) return;
      if (waiting.weOffered && ack.message.body !== '') {
        remoteSdp = ack.message.body;
        dialog.onAckSdp?.(remoteSdp);
      }
      waiting.acknowledged(ack);
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

function sendAck(
  context: UaContext,
  nextHop: string,
  flow: Peer,
  request: Parameters<typeof context.stack.transactions.sendOnce>[0],
): void {
  const target = targetOf(nextHop, context.options.transports, flow.transport);
  if (typeof target === 'string') return;
  const go = (peer: Peer): void => {
    const via =
      flow.connection !== undefined && peer.transport === 'tcp' ? { ...peer, connection: flow.connection } : peer;
    context.stack.transactions.sendOnce(request, via);
  };
  const peer = resolveTarget(target);
  if (peer instanceof Promise) peer.then(go, () => {});
  else go(peer);
}
