import { bracket } from './address.ts';
import type { Log } from './log.ts';
import { type HeaderLine, line, type RequestMessage } from './message.ts';
import { resolveTarget, targetOf } from './resolve.ts';
import type { SipStack } from './stack.ts';
import type { ClientHandlers, ClientTransaction, IncomingRequest, ServerTransaction } from './transaction-types.ts';
import type { Peer } from './transport.ts';
import type { ExtraHeaders, UserAgentOptions } from './types.ts';

/** A dialog of the user agent as the agent's own parts see it. */
export interface DialogRecord {
  handle(request: IncomingRequest, transaction: ServerTransaction): void;
  handleAck(ack: IncomingRequest): void;
  /** Hangs up; resolves when the BYE is answered or given up. */
  close(): Promise<void>;
  /** Ends it without a word: the agent closes. */
  dispose(): void;
}

/** What the parts of one user agent share. */
export interface UaContext {
  readonly stack: SipStack;
  readonly options: UserAgentOptions;
  /** By `dialogKey`. */
  readonly dialogs: Map<string, DialogRecord>;
  readonly log: Log | undefined;
  /** Requests without a final response; told when the agent closes. */
  readonly waiting: Set<ClientHandlers>;
}

export function dialogKey(callId: string, localTag: string, remoteTag: string): string {
  return `${callId}|${localTag}|${remoteTag}`;
}

export const ALLOW = 'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE';

export function contactFor({ stack, options }: UaContext, peer: Peer): string {
  const { host, port } = stack.transport.addressFor(peer);
  const transport = peer.transport === 'tcp' ? ';transport=tcp' : '';
  return `<sip:${options.user}@${bracket(host)}:${port}${transport}>`;
}

/** `ours` unless `extra` has the same header; then `extra`. */
export function mergeHeaders(ours: readonly HeaderLine[], extra: ExtraHeaders | undefined): HeaderLine[] {
  if (extra === undefined) return [...ours];
  const names = new Set(Object.keys(extra).map((name) => name.toLowerCase()));
  return [
    ...ours.filter(({ name }) => !names.has(name.toLowerCase())),
    ...Object.entries(extra).map(([name, value]) => line(name, value)),
  ];
}

export function contentHeaders(body: string, contentType = 'application/sdp'): HeaderLine[] {
  return body === '' ? [line('Content-Length', '0')] : [line('Content-Type', contentType), line('Content-Length', '0')];
}

/**
 * Finds where `nextHop` is and sends `request` there in a new transaction. `build` gets the peer, since Contact and Via depend on
 * it. `flow` is the connection that the dialog came by: used again while it is open.
 */
export function sendTo(
  { stack, options, waiting }: UaContext,
  nextHop: string,
  flow: Peer | undefined,
  handlers: ClientHandlers,
  build: (peer: Peer) => RequestMessage,
  started: (transaction: ClientTransaction) => void = () => {},
): void {
  const watched: ClientHandlers = {
    onResponse(response) {
      if (response.message.status >= 200) waiting.delete(watched);
      handlers.onResponse(response);
    },
    onFailure(why, error) {
      if (waiting.delete(watched)) handlers.onFailure(why, error);
    },
  };
  waiting.add(watched);
  const target = targetOf(nextHop, options.transports, flow?.transport ?? options.transports[0] ?? 'udp');
  if (typeof target === 'string') {
    queueMicrotask(() => watched.onFailure('transport', new Error(`${target}: ${nextHop}`)));
    return;
  }
  const go = (resolved: Peer): void => {
    const peer =
      flow?.connection !== undefined && resolved.transport === 'tcp'
        ? { ...resolved, connection: flow.connection }
        : resolved;
    const transaction = stack.transactions.request(build(peer), peer, watched);
    started({
      request: transaction.request,
      to: transaction.to,
      get state() {
        return transaction.state;
      },
      abandon() {
        waiting.delete(watched);
        transaction.abandon();
      },
    });
  };
  const peer = resolveTarget(target);
  if (!(peer instanceof Promise)) go(peer);
  else peer.then(go, (error: Error) => watched.onFailure('transport', error));
}
