import { parseAddress, parseVia, splitOutside } from './address.ts';
import { type Clock, DEFAULT_TIMERS, type SipTimers, systemClock } from './clock.ts';
import { type Envelope, readEnvelope } from './envelope.ts';
import { newTag } from './ids.ts';
import type { Log } from './log.ts';
import { type Message, type RequestMessage, withTopVia } from './message.ts';
import { parseMessage } from './parse.ts';
import { replyTo } from './reply.ts';
import { serialize } from './serialize.ts';
import { responseTarget } from './transaction-keys.ts';
import type { IncomingRequest, IncomingResponse, ServerTransaction } from './transaction-types.ts';
import { createTransactionLayer, type TransactionLayer } from './transactions.ts';
import { createTransport, type Peer, type Transport, type TransportName } from './transport.ts';

export interface StackOptions {
  readonly host: string;
  readonly port: number;
  readonly transports: readonly TransportName[];
  readonly clock?: Clock | undefined;
  readonly timers?: SipTimers | undefined;
  readonly maxConnections?: number | undefined;
  /** See `TransportOptions`. */
  readonly externalFor?: ((peer: Peer) => string | undefined) | undefined;
  readonly probeAfterMs?: number | undefined;
  readonly onRequest: (request: IncomingRequest, transaction: ServerTransaction) => void;
  readonly onAck: (ack: IncomingRequest) => void;
  readonly onStrayResponse?: ((response: IncomingResponse) => void) | undefined;
  readonly onUnacknowledged?: ((transaction: ServerTransaction) => void) | undefined;
  readonly log?: Log | undefined;
}

/** Transport, parser and transactions, joined: what a user agent or a proxy stands on. */
export interface SipStack {
  readonly transport: Transport;
  readonly transactions: TransactionLayer;
  readonly clock: Clock;
  readonly timers: SipTimers;
  /** Messages that were dropped or refused because they are not SIP as the RFC has it. */
  readonly discarded: number;
  close(): Promise<void>;
}

export async function createSipStack(options: StackOptions): Promise<SipStack> {
  const { log } = options;
  const clock = options.clock ?? systemClock;
  const timers = options.timers ?? DEFAULT_TIMERS;
  let discarded = 0;

  /** Nothing that comes from the network may end the process: what a handler throws ends here. */
  function receive(data: Buffer, from: Peer): void {
    try {
      read(data, from);
    } catch (error) {
      discarded++;
      log?.('error', 'handling a SIP message failed', { error: error instanceof Error ? error.stack : String(error) });
    }
  }

  function read(data: Buffer, from: Peer): void {
    const parsed = parseMessage(data);
    if (!parsed.ok) {
      discarded++;
      log?.('debug', parsed.fault.message, { code: parsed.fault.code, address: from.address, port: from.port });
      if (parsed.partial?.kind === 'request') refuse(parsed.partial, from, parsed.status, undefined);
      return;
    }
    const { message } = parsed;
    const read = readEnvelope(message);
    if (!read.ok) {
      discarded++;
      log?.('debug', read.fault.message, { code: read.fault.code, address: from.address, port: from.port });
      if (message.kind === 'request') refuse(message, from, read.status, read.reason);
      return;
    }
    const { envelope } = read;
    if (message.kind === 'response') {
      transactions.receiveResponse({ message, envelope, from, size: data.length });
      return;
    }
    transactions.receiveRequest(withReceived(message, envelope, from, data.length));
  }

  /** Answers a request that cannot be handled, without state, if it says where the answer shall go. */
  function refuse(message: RequestMessage, from: Peer, status: number, reason: string | undefined): void {
    if (message.method === 'ACK' || !message.headers.has('via')) return;
    const via = readVia(message);
    if (via === undefined) return;
    const request = withReceived(message, via, from, 0);
    const reply = replyTo(request, status, reason, { toTag: newTag() });
    transport.send(serialize(reply), responseTarget(request), () => {});
  }

  const transport = await createTransport({
    host: options.host,
    port: options.port,
    transports: options.transports,
    externalFor: options.externalFor,
    ...(options.maxConnections === undefined ? {} : { maxConnections: options.maxConnections }),
    receive,
    connectionClosed: (connection) => transactions.connectionClosed(connection),
    log,
  });
  const transactions = createTransactionLayer({
    transport,
    clock,
    timers,
    onRequest: options.onRequest,
    onAck: options.onAck,
    onStrayResponse: options.onStrayResponse,
    onUnacknowledged: options.onUnacknowledged,
    ...(options.probeAfterMs === undefined ? {} : { probeAfterMs: options.probeAfterMs }),
  });

  return {
    transport,
    transactions,
    clock,
    timers,
    get discarded() {
      return discarded;
    },
    async close() {
      transactions.close();
      await transport.close();
    },
  };
}

/** What `refuse` can work with when the rest of the message is unreadable. */
function readVia(message: Message): Envelope | undefined {
  const via = parseVia(message.headers.get('via')?.[0] ?? '');
  if (via === undefined) return undefined;
  const callId = message.headers.get('call-id')?.[0] ?? '';
  const to = parseAddress(message.headers.get('to')?.[0] ?? '');
  return { via, callId, seq: 0, seqMethod: '', fromTag: '', toTag: to?.params.get('tag') ?? '' };
}

/** Fills in `received` and `rport` of the topmost Via (RFC 3261 section 18.2.1, RFC 3581 section 4). */
function withReceived(message: RequestMessage, envelope: Envelope, from: Peer, size: number): IncomingRequest {
  const raw = message.headers.get('via')![0]!;
  const [top, ...others] = splitOutside(raw, ',');
  const params = [...envelope.via.params];
  const additions: string[] = [];
  let value = top!;
  // drachtio-server fills rport in whether it was asked for or not.
  if (envelope.via.params.get('rport') !== String(from.port)) {
    if (envelope.via.params.has('rport')) value = withoutParam(value, 'rport');
    additions.push(`;rport=${from.port}`);
  }
  if (envelope.via.host !== from.address && envelope.via.params.get('received') !== from.address) {
    if (envelope.via.params.has('received')) value = withoutParam(value, 'received');
    additions.unshift(`;received=${from.address}`);
  }
  if (additions.length === 0) return { message, envelope, from, size };
  const changed = [`${value}${additions.join('')}`, ...others].join(', ');
  // Responses follow the sender's wish: `rport` counts as asked for only when the request had it (see responseTarget).
  const asked = envelope.via.params.has('rport');
  const via = { ...envelope.via, params: new Map(asked ? [...params, ['rport', String(from.port)]] : params) };
  return { message: withTopVia(message, changed), envelope: { ...envelope, via }, from, size };
}

function withoutParam(via: string, name: string): string {
  return splitOutside(via, ';')
    .filter((part) => {
      const equals = part.indexOf('=');
      return (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase() !== name;
    })
    .join(';');
}
