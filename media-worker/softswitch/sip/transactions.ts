import type { Clock, SipTimers, Timer } from './clock.ts';
import { newBranch } from './ids.ts';
import { first, line, makeRequest, type RequestMessage, type ResponseMessage, withLines } from './message.ts';
import { replyTo } from './reply.ts';
import { serialize } from './serialize.ts';
import { mergeKey, responseTarget, serverKey } from './transaction-keys.ts';
import {
  type ClientEvent,
  inviteClient,
  inviteServer,
  nonInviteClient,
  nonInviteServer,
  type ServerEvent,
} from './transaction-machines.ts';
import { type Runner, runMachine } from './transaction-runner.ts';
import type {
  ClientHandlers,
  ClientTransaction,
  IncomingRequest,
  IncomingResponse,
  ServerTransaction,
} from './transaction-types.ts';
import type { Peer, Transport } from './transport.ts';

export interface TransactionLayer {
  /**
   * Sends a request in a new client transaction. `request` has no Via of ours: the layer puts one on top, with `branch` or a
   * new one.
   */
  request(request: RequestMessage, to: Peer, handlers: ClientHandlers, branch?: string): ClientTransaction;
  /** A request that belongs to no transaction (the ACK to a 2xx), with our Via on top. Returns it as sent. */
  sendOnce(request: RequestMessage, to: Peer): RequestMessage;
  /** The INVITE (or other) transaction that a CANCEL means (RFC 3261 section 9.2). */
  findCancelled(cancel: IncomingRequest): ServerTransaction | undefined;
  /** Takes what the transport delivered. */
  receiveRequest(request: IncomingRequest): void;
  receiveResponse(response: IncomingResponse): void;
  connectionClosed(connection: number): void;
  readonly active: number;
  close(): void;
}

export interface TransactionLayerOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly timers: SipTimers;
  /** A new request; for an ACK `transaction` is undefined, since it belongs to none (section 17.1.1.3). */
  readonly onRequest: (request: IncomingRequest, transaction: ServerTransaction) => void;
  readonly onAck: (ack: IncomingRequest) => void;
  /** A response for which there is no client transaction. */
  readonly onStrayResponse?: ((response: IncomingResponse) => void) | undefined;
  /** The final response to an INVITE was never acknowledged, or could not be sent. */
  readonly onUnacknowledged?: ((transaction: ServerTransaction) => void) | undefined;
  /** After how long without any response a closed UDP port is looked for, in milliseconds. */
  readonly probeAfterMs?: number;
}

const PROBE_AFTER_MS = 50;

export function createTransactionLayer(options: TransactionLayerOptions): TransactionLayer {
  const { transport, clock } = options;
  const servers = new Map<string, ServerRecord>();
  const clients = new Map<string, ClientRecord>();
  const merges = new Map<string, string>();
  let closed = false;

  interface ServerRecord {
    readonly transaction: ServerTransaction;
    readonly runner: Runner<ServerEvent>;
  }

  interface ClientRecord {
    readonly transaction: ClientTransaction;
    readonly runner: Runner<ClientEvent>;
    readonly receive: (response: IncomingResponse) => void;
    readonly connection: () => number | undefined;
  }

  function startServer(request: IncomingRequest, key: string): ServerTransaction {
    const to = responseTarget(request);
    const isInvite = request.message.method === 'INVITE';
    let last = '';
    let answered = false;
    const failed = (): void => runner.step({ kind: 'transport-error' });
    const runner = runMachine<ServerEvent>(
      options,
      isInvite ? inviteServer : nonInviteServer,
      to.transport === 'tcp',
      (timer) => ({ kind: 'timer', timer }),
      (effect) => {
        if (effect.do === 'send' && last !== '') transport.send(last, to, failed);
        if (effect.do === 'timeout' || effect.do === 'fail') options.onUnacknowledged?.(transaction);
        if (effect.do === 'end') {
          runner.cancelTimers();
          servers.delete(key);
          if (merges.get(mergeKey(request)) === key) merges.delete(mergeKey(request));
        }
      },
    );
    const transaction: ServerTransaction = {
      request,
      to,
      get state() {
        return runner.state.name;
      },
      get answered() {
        return answered;
      },
      respond(response) {
        if (closed || (answered && runner.state.name !== 'accepted')) return false;
        if (answered && response.status >= 300) return false;
        if (response.status >= 200) answered = true;
        last = serialize(response);
        runner.step({ kind: 'respond', status: response.status });
        return true;
      },
    };
    servers.set(key, { transaction, runner });
    runner.step({ kind: 'start' });
    return transaction;
  }

  return {
    get active() {
      return servers.size + clients.size;
    },

    request(request, to, handlers, branch = newBranch()) {
      const sent = withVia(request, to, branch);
      const key = `${branch}|${request.method}`;
      const text = serialize(sent);
      const isInvite = request.method === 'INVITE';
      let ack = '';
      let lastResponse: IncomingResponse | undefined;
      let failure: Error | undefined;
      let probe: Timer | undefined;
      const failed = (error: Error): void => {
        failure = error;
        runner.step({ kind: 'transport-error' });
      };
      const runner = runMachine<ClientEvent>(
        options,
        isInvite ? inviteClient : nonInviteClient,
        to.transport === 'tcp',
        (timer) => ({ kind: 'timer', timer }),
        (effect) => {
          switch (effect.do) {
            case 'send':
              transport.send(text, to, failed);
              break;
            case 'ack':
              if (ack === '') ack = serialize(ackFor(sent, lastResponse!.message));
              transport.send(ack, to, failed);
              break;
            case 'deliver':
              handlers.onResponse(lastResponse!);
              break;
            case 'timeout':
              handlers.onFailure('timeout', undefined);
              break;
            case 'fail':
              handlers.onFailure('transport', failure);
              break;
            case 'end':
              probe?.cancel();
              runner.cancelTimers();
              clients.delete(key);
              break;
          }
        },
      );
      const transaction: ClientTransaction = {
        request: sent,
        to,
        get state() {
          return runner.state.name;
        },
        abandon() {
          probe?.cancel();
          runner.cancelTimers();
          clients.delete(key);
        },
      };
      clients.set(key, {
        transaction,
        runner,
        receive(response) {
          probe?.cancel();
          lastResponse = response;
          runner.step({ kind: 'response', status: response.message.status });
        },
        connection: () => to.connection,
      });
      if (to.transport === 'udp') {
        probe = clock.after(options.probeAfterMs ?? PROBE_AFTER_MS, () => transport.probe(to, failed));
      }
      runner.step({ kind: 'start' });
      return transaction;
    },

    sendOnce(request, to) {
      const sent = withVia(request, to, newBranch());
      transport.send(serialize(sent), to, () => {});
      return sent;
    },

    findCancelled(cancel) {
      return servers.get(serverKey(cancel, 'INVITE'))?.transaction;
    },

    receiveRequest(request) {
      if (closed) return;
      const { method } = request.message;
      const key = serverKey(request);
      const known = servers.get(key);
      if (method === 'ACK') {
        // The ACK to a non-2xx belongs to the INVITE's transaction; to a 2xx it is the user's.
        if (known !== undefined && known.runner.state.name !== 'accepted') known.runner.step({ kind: 'ack' });
        else options.onAck(request);
        return;
      }
      if (known !== undefined) {
        known.runner.step({ kind: 'retransmission' });
        return;
      }
      const transaction = startServer(request, key);
      if (request.envelope.toTag === '' && method !== 'CANCEL') {
        // Section 8.2.2.2: the same request by two ways.
        const merged = mergeKey(request);
        if (merges.has(merged)) {
          transaction.respond(replyTo(request, 482, 'Loop Detected'));
          return;
        }
        merges.set(merged, key);
      }
      options.onRequest(request, transaction);
    },

    receiveResponse(response) {
      if (closed) return;
      const branch = response.envelope.via.params.get('branch') ?? '';
      const client = clients.get(`${branch}|${response.envelope.seqMethod}`);
      if (client === undefined) options.onStrayResponse?.(response);
      else client.receive(response);
    },

    connectionClosed(connection) {
      for (const { runner, connection: used } of [...clients.values()]) {
        if (used() === connection) runner.step({ kind: 'transport-error' });
      }
    },

    close() {
      closed = true;
      for (const { runner } of servers.values()) runner.cancelTimers();
      for (const { transaction } of [...clients.values()]) transaction.abandon();
      servers.clear();
      merges.clear();
    },
  };

  function withVia(request: RequestMessage, to: Peer, branch: string): RequestMessage {
    const { host, port } = transport.addressFor(to);
    const sentBy = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    // rport only where it means something (RFC 3581), as drachtio-server does.
    const value =
      to.transport === 'udp'
        ? `SIP/2.0/UDP ${sentBy};rport;branch=${branch}`
        : `SIP/2.0/TCP ${sentBy};branch=${branch}`;
    return withLines(request, [line('Via', value), ...request.lines]);
  }
}

/** The ACK of RFC 3261 section 17.1.1.3: same Via, Route and number as the INVITE, To of the response. */
export function ackFor(invite: RequestMessage, response: ResponseMessage): RequestMessage {
  const seq = (first(invite, 'cseq') ?? '0').split(' ')[0]!;
  const routes = (invite.headers.get('route') ?? []).map((value) => line('Route', value));
  return makeRequest('ACK', invite.uri, [
    line('Via', first(invite, 'via')!),
    ...routes,
    line('Max-Forwards', '70'),
    line('From', first(invite, 'from') ?? ''),
    line('To', first(response, 'to') ?? ''),
    line('Call-ID', first(invite, 'call-id') ?? ''),
    line('CSeq', `${seq} ACK`),
    line('Content-Length', '0'),
  ]);
}
