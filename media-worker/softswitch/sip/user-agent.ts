import type { Clock, SipTimers } from './clock.ts';
import { newTag } from './ids.ts';
import type { Log } from './log.ts';
import { line } from './message.ts';
import { replyTo } from './reply.ts';
import { createSipStack, type SipStack } from './stack.ts';
import type { IncomingRequest, ServerTransaction } from './transaction-types.ts';
import type { UserAgent, UserAgentOptions } from './types.ts';
import { ALLOW, dialogKey, type UaContext } from './ua-context.ts';
import { createIncomingCall, type PendingCall } from './ua-incoming.ts';
import { createOutgoingCall, type PlacedCall } from './ua-outgoing.ts';
import { sendOutside } from './ua-request.ts';

export interface UserAgentInternals {
  /** Tests turn the clock by hand. */
  readonly clock?: Clock;
  readonly timers?: SipTimers;
  readonly log?: Log;
}

/** Most calls that may wait for an answer at once; a further INVITE gets 503. */
const MAX_PENDING_CALLS = 4096;

/** Opens the ports and starts a user agent. Rejects with PV-1709 when they cannot be opened. */
export async function createUserAgent(
  options: UserAgentOptions,
  internals: UserAgentInternals = {},
): Promise<UserAgent> {
  const log = internals.log ?? options.log;
  const incoming = new Map<ServerTransaction, PendingCall>();
  const outgoing = new Set<PlacedCall>();
  const dialogs: UaContext['dialogs'] = new Map();
  let closing: Promise<void> | undefined;

  const stack: SipStack = await createSipStack({
    host: options.host,
    port: options.port,
    transports: options.transports,
    clock: internals.clock,
    timers: internals.timers,
    log,
    onRequest: receive,
    onAck(ack) {
      const { callId, toTag, fromTag } = ack.envelope;
      dialogs.get(dialogKey(callId, toTag, fromTag))?.handleAck(ack);
    },
  });
  const context: UaContext = { stack, options, dialogs, log, waiting: new Set() };

  function refuse(request: IncomingRequest, transaction: ServerTransaction, status: number, withAllow = false): void {
    const headers = withAllow ? [line('Allow', ALLOW), line('Accept', 'application/sdp')] : [];
    transaction.respond(replyTo(request, status, undefined, { toTag: newTag(), headers }));
  }

  function receive(request: IncomingRequest, transaction: ServerTransaction): void {
    const { message, envelope } = request;
    if (message.method === 'CANCEL') {
      cancel(request, transaction);
      return;
    }
    if (envelope.toTag !== '') {
      const dialog = dialogs.get(dialogKey(envelope.callId, envelope.toTag, envelope.fromTag));
      if (dialog === undefined) refuse(request, transaction, 481);
      else dialog.handle(request, transaction);
      return;
    }
    switch (message.method) {
      case 'INVITE':
        invite(request, transaction);
        break;
      case 'BYE':
      case 'PRACK':
      case 'UPDATE':
        refuse(request, transaction, 481);
        break;
      default: {
        const fallback = message.method === 'OPTIONS' ? 200 : 405;
        const status = agent.onRequest?.(message) ?? fallback;
        refuse(request, transaction, status, status === 200 || status === 405);
      }
    }
  }

  function invite(request: IncomingRequest, transaction: ServerTransaction): void {
    if (closing !== undefined || agent.onInvite === undefined || incoming.size >= MAX_PENDING_CALLS) {
      refuse(request, transaction, 503);
      return;
    }
    // RFC 3261 section 8.2.2.3: an extension that we must understand and do not.
    const required = request.message.headers.get('require');
    if (required !== undefined) {
      const headers = required.map((value) => line('Unsupported', value));
      transaction.respond(replyTo(request, 420, undefined, { toTag: newTag(), headers }));
      return;
    }
    transaction.respond(replyTo(request, 100));
    const pending = createIncomingCall(context, request, transaction, () => incoming.delete(transaction));
    incoming.set(transaction, pending);
    try {
      agent.onInvite(pending.call);
    } catch (error) {
      log?.('error', 'handling an INVITE failed', { error: error instanceof Error ? error.stack : String(error) });
      pending.cancel(500);
    }
  }

  function cancel(request: IncomingRequest, transaction: ServerTransaction): void {
    const cancelled = stack.transactions.findCancelled(request);
    if (cancelled === undefined) {
      refuse(request, transaction, 481);
      return;
    }
    const pending = incoming.get(cancelled);
    transaction.respond(replyTo(request, 200, undefined, { toTag: pending?.toTag ?? newTag() }));
    pending?.cancel(487);
  }

  async function shutDown(): Promise<void> {
    for (const pending of [...incoming.values()]) pending.cancel(503);
    for (const call of outgoing) call.cancel();
    const byes = Promise.allSettled([...dialogs.values()].map((dialog) => dialog.close()));
    const calls = Promise.allSettled([...outgoing].map((call) => call.answered));
    // A far end that does not answer is not waited for.
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = stack.clock.after(2 * stack.timers.t1, resolve);
    await Promise.race([Promise.all([byes, calls]), promise]);
    timer.cancel();
    for (const call of [...outgoing]) call.abandon();
    for (const dialog of [...dialogs.values()]) dialog.dispose();
    await stack.close();
    // Nothing will come any more: whoever waits for a response (of a BYE, a re-INVITE, an OPTIONS) goes on.
    for (const handlers of [...context.waiting])
      handlers.onFailure('transport', new Error('the user agent was closed'));
  }

  const agent: UserAgent = {
    host: options.host,
    udpPort: stack.transport.udpPort,
    tcpPort: stack.transport.tcpPort,
    onInvite: undefined,
    onRequest: undefined,
    get activeDialogs() {
      return dialogs.size;
    },
    get activeTransactions() {
      return stack.transactions.active;
    },
    invite(outgoingOptions) {
      const call: PlacedCall = createOutgoingCall(context, outgoingOptions, () => outgoing.delete(call));
      outgoing.add(call);
      return call;
    },
    request: (requestOptions) => sendOutside(context, requestOptions),
    close() {
      closing ??= shutDown();
      return closing;
    },
  };
  return agent;
}
