import { cancelFor } from './cancel.ts';
import type { Timer } from './clock.ts';
import { applyResponse, dialogOfResponse } from './dialog.ts';
import { answerChallenge, parseChallenge } from './digest.ts';
import { sipFailure } from './failure.ts';
import { firstSeq, newCallId, newTag } from './ids.ts';
import { type HeaderLine, line, makeRequest, type RequestMessage, type ResponseMessage } from './message.ts';
import type { ClientTransaction, IncomingResponse } from './transaction-types.ts';
import type { Dialog, OutgoingCall, OutgoingOptions } from './types.ts';
import { ALLOW, contactFor, contentHeaders, dialogKey, mergeHeaders, sendTo, type UaContext } from './ua-context.ts';
import { createUaDialog, type UaDialog } from './ua-dialog.ts';

/** A URI between brackets, with its display name. */
export function fromValue(uri: string, name: string | undefined): string {
  return name === undefined || name === ''
    ? `<${uri}>`
    : `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}" <${uri}>`;
}

/** A call being placed, with what the agent itself needs of it. */
export interface PlacedCall extends OutgoingCall {
  /** The agent closes: nothing is waited for any more. */
  abandon(): void;
}

/** Places a call. `done` is called once, when it is answered or has failed. */
export function createOutgoingCall(context: UaContext, options: OutgoingOptions, done: () => void): PlacedCall {
  const { stack } = context;
  const callId = options.callId ?? newCallId();
  const localTag = newTag();
  const { promise, resolve, reject } = Promise.withResolvers<Dialog>();
  promise.catch(() => {});
  let seq = firstSeq(stack.clock.now());
  let transaction: ClientTransaction | undefined;
  let provisional = false;
  let cancelWanted = false;
  let cancelSent = false;
  let settled = false;
  let cancelTimer: Timer | undefined;
  let confirmed: { dialog: UaDialog; tag: string; ackBody: string; seq: number } | undefined;

  function fail(error: unknown): void {
    if (settled) return;
    settled = true;
    cancelTimer?.cancel();
    reject(error);
    done();
  }

  function attempt(proof: readonly HeaderLine[], challenged: boolean): void {
    seq++;
    const inviteSeq = seq;
    provisional = false;
    const build = (contact: string): RequestMessage =>
      makeRequest(
        'INVITE',
        options.uri,
        [
          line('Max-Forwards', '70'),
          line('From', `${fromValue(options.from, options.fromName)};tag=${localTag}`),
          line('To', `<${options.uri}>`),
          line('Call-ID', callId),
          line('CSeq', `${inviteSeq} INVITE`),
          ...proof,
          ...mergeHeaders(
            [line('Contact', contact), line('User-Agent', context.options.userAgent), line('Allow', ALLOW)],
            options.headers,
          ),
          ...contentHeaders(options.sdp),
        ],
        options.sdp,
      );
    sendTo(
      context,
      options.sendTo ?? options.uri,
      undefined,
      {
        onResponse: (response) => receive(response, inviteSeq, challenged),
        onFailure: (why, error) =>
          fail(sipFailure(cancelWanted ? 487 : why === 'timeout' ? 408 : 503, undefined, error)),
      },
      (peer) => build(contactFor(context, peer)),
      (started) => {
        transaction = started;
      },
    );
  }

  function receive(response: IncomingResponse, inviteSeq: number, challenged: boolean): void {
    const { message } = response;
    if (message.status < 200) {
      provisional = true;
      if (cancelWanted) sendCancel();
      else if (message.status > 100) call.onProvisional?.(message);
      return;
    }
    if (message.status < 300) {
      accepted(response, inviteSeq);
      return;
    }
    const proof = challenged || cancelWanted ? undefined : answer(message);
    if (proof === undefined) fail(sipFailure(message.status, message));
    else attempt([proof], true);
  }

  function answer(response: ResponseMessage): HeaderLine | undefined {
    const { status } = response;
    if (options.credentials === undefined || (status !== 401 && status !== 407)) return undefined;
    const values = response.headers.get(status === 401 ? 'www-authenticate' : 'proxy-authenticate') ?? [];
    const challenge = values.map((value) => parseChallenge(value)).find((parsed) => parsed !== undefined);
    if (challenge === undefined) return undefined;
    const value = answerChallenge(challenge, options.credentials, 'INVITE', options.uri);
    return line(status === 401 ? 'Authorization' : 'Proxy-Authorization', value);
  }

  function accepted({ message, from, envelope }: IncomingResponse, inviteSeq: number): void {
    if (confirmed !== undefined && confirmed.tag === envelope.toTag) {
      // The 200 again: our ACK was lost.
      confirmed.dialog.acknowledge(inviteSeq, confirmed.ackBody);
      return;
    }
    const invite = transaction!.request;
    const state = dialogOfResponse(invite, message);
    applyResponse(state, message);
    const known = context.dialogs.has(dialogKey(state.callId, state.localTag, state.remoteTag));
    if (known) return;
    const ackBody = options.sdp === '' && options.onOffer !== undefined ? options.onOffer(message.body) : '';
    const ua = createUaDialog(context, {
      state,
      initial: message,
      localSdp: options.sdp === '' ? ackBody : options.sdp,
      remoteSdp: message.body,
      flow: from,
      credentials: options.credentials,
    });
    ua.acknowledge(inviteSeq, ackBody);
    if (settled || cancelWanted) {
      // Answered by a second phone, or at the moment of our CANCEL (section 9.1): hung up at once.
      ua.close().catch(() => {});
      fail(sipFailure(487));
      return;
    }
    settled = true;
    confirmed = { dialog: ua, tag: envelope.toTag, ackBody, seq: inviteSeq };
    resolve(ua.dialog);
    done();
  }

  function sendCancel(): void {
    if (cancelSent || transaction === undefined || settled) return;
    cancelSent = true;
    const { to } = transaction;
    const { request, branch } = cancelFor(transaction.request);
    const invite = transaction;
    stack.transactions.request(request, to, { onResponse: () => {}, onFailure: () => {} }, branch);
    // Section 9.1: an old peer may answer the CANCEL and never the INVITE.
    cancelTimer = stack.clock.after(64 * stack.timers.t1, () => {
      if (settled) return;
      invite.abandon();
      fail(sipFailure(487));
    });
  }

  const call: PlacedCall = {
    callId,
    onProvisional: undefined,
    answered: promise,
    abandon() {
      transaction?.abandon();
      fail(sipFailure(487));
    },
    cancel() {
      if (settled || cancelWanted) return;
      cancelWanted = true;
      // Section 9.1: not before the far end has said something.
      if (provisional) sendCancel();
    },
  };
  attempt([], false);
  return call;
}
