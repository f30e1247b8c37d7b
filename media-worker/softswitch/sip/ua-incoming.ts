import { dialogOfRequest } from './dialog.ts';
import { newTag } from './ids.ts';
import { line, type ResponseMessage } from './message.ts';
import { replyTo } from './reply.ts';
import type { IncomingRequest, ServerTransaction } from './transaction-types.ts';
import type { IncomingCall } from './types.ts';
import { ALLOW, contactFor, mergeHeaders, type UaContext } from './ua-context.ts';
import { createUaDialog } from './ua-dialog.ts';

export interface PendingCall {
  readonly call: IncomingCall;
  readonly toTag: string;
  /** The caller sent CANCEL, or the agent closes. Does nothing once answered. */
  cancel(status: 487 | 500 | 503): void;
}

/** An INVITE outside a dialog, as the application answers it. `done` is called once, at the final answer. */
export function createIncomingCall(
  context: UaContext,
  request: IncomingRequest,
  transaction: ServerTransaction,
  done: () => void,
): PendingCall {
  const { message: invite, from } = request;
  const toTag = newTag();
  const cancelled = new AbortController();
  const contact = line('Contact', contactFor(context, transaction.to));
  const agent = line('User-Agent', context.options.userAgent);
  let open = true;

  function reply(
    status: number,
    reason: string | undefined,
    options: { sdp?: string; headers?: Readonly<Record<string, string>> | undefined },
  ): ResponseMessage {
    const own = status < 300 ? [contact, agent, line('Allow', ALLOW)] : [agent, line('Allow', ALLOW)];
    return replyTo(request, status, reason, {
      toTag,
      headers: mergeHeaders(own, options.headers),
      contentType: options.sdp === undefined || options.sdp === '' ? undefined : 'application/sdp',
      body: options.sdp ?? '',
    });
  }

  function settle(): void {
    if (!open) throw new Error('the call was answered, refused or cancelled already');
    open = false;
    done();
  }

  const call: IncomingCall = {
    invite,
    sourceAddress: from.address,
    sourcePort: from.port,
    transport: from.transport,
    cancelled: cancelled.signal,
    provisional(status, sdp, headers) {
      if (open) transaction.respond(reply(status, undefined, { sdp: sdp ?? '', headers }));
    },
    accept(sdp, headers) {
      settle();
      const state = dialogOfRequest(invite, toTag);
      const ua = createUaDialog(context, {
        state,
        initial: invite,
        localSdp: sdp,
        remoteSdp: invite.body,
        flow: from,
      });
      return {
        dialog: ua.dialog,
        acknowledged: ua.answer(transaction, reply(200, undefined, { sdp, headers }), invite.body === ''),
      };
    },
    reject(status, reason, headers) {
      settle();
      transaction.respond(reply(status, reason, { headers }));
    },
  };

  return {
    call,
    toTag,
    cancel(status) {
      if (!open) return;
      open = false;
      done();
      transaction.respond(reply(status, undefined, {}));
      cancelled.abort();
    },
  };
}
