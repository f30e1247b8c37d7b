import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { DEFAULT_TIMERS } from './clock.ts';
import { readEnvelope } from './envelope.ts';
import { createManualClock, type ManualClock } from './manual-clock.ts';
import { line, type Message, makeRequest, type RequestMessage } from './message.ts';
import { parseMessage } from './parse.ts';
import { replyTo } from './reply.ts';
import { retransmit2xx } from './retransmit-2xx.ts';
import { serialize, startLine } from './serialize.ts';
import type { ClientHandlers, IncomingRequest, ServerTransaction } from './transaction-types.ts';
import { createTransactionLayer, type TransactionLayer } from './transactions.ts';
import type { Peer, Transport } from './transport.ts';

/** What was sent, by its start line. */
let sent: string[];
let failures: ((error: Error) => void)[];
let clock: ManualClock;
let layer: TransactionLayer;
let requests: { request: IncomingRequest; transaction: ServerTransaction }[];
let acks: IncomingRequest[];
let unacknowledged: number;

const peers: Record<'udp' | 'tcp', Peer> = {
  udp: { transport: 'udp', address: '192.0.2.2', port: 5060 },
  tcp: { transport: 'tcp', address: '192.0.2.2', port: 5060, connection: 7 },
};

beforeEach(() => {
  sent = [];
  failures = [];
  requests = [];
  acks = [];
  unacknowledged = 0;
  clock = createManualClock();
  const transport: Transport = {
    host: '192.0.2.1',
    udpPort: 5060,
    tcpPort: 5060,
    addresses: ['192.0.2.1'],
    connections: 0,
    isSelf: () => false,
    addressFor: () => ({ host: '192.0.2.1', port: 5060 }),
    send(text, _to, failed) {
      sent.push(text.slice(0, text.indexOf('\r\n')));
      failures.push(failed);
    },
    probe: () => {},
    close: async () => {},
  };
  layer = createTransactionLayer({
    transport,
    clock,
    timers: DEFAULT_TIMERS,
    onRequest: (request, transaction) => requests.push({ request, transaction }),
    onAck: (ack) => acks.push(ack),
    onUnacknowledged: () => unacknowledged++,
  });
});

function request(method: string): RequestMessage {
  return makeRequest(method, 'sip:b@192.0.2.2', [
    line('From', '<sip:a@192.0.2.1>;tag=1'),
    line('To', '<sip:b@192.0.2.2>'),
    line('Call-ID', 'c'),
    line('CSeq', `1 ${method}`),
    line('Contact', '<sip:a@192.0.2.1>'),
  ]);
}

function enveloped<M extends Message>(message: M, from: Peer) {
  const parsed = parseMessage(Buffer.from(serialize(message)));
  assert(parsed.ok);
  const read = readEnvelope(parsed.message);
  assert(read.ok);
  return { message: parsed.message as M, envelope: read.envelope, from, size: 1 };
}

interface Outcome {
  readonly statuses: number[];
  failure: string | undefined;
}

function place(method: string, transport: 'udp' | 'tcp') {
  const outcome: Outcome = { statuses: [], failure: undefined };
  const handlers: ClientHandlers = {
    onResponse: ({ message }) => outcome.statuses.push(message.status),
    onFailure: (why) => {
      outcome.failure = why;
    },
  };
  const transaction = layer.request(request(method), peers[transport], handlers);
  const answer = (status: number): void => {
    const to = enveloped(transaction.request, peers[transport]);
    layer.receiveResponse(enveloped(replyTo(to, status, undefined, { toTag: 't' }), peers[transport]));
  };
  return { outcome, transaction, answer };
}

function arrive(method: string, transport: 'udp' | 'tcp', branch = 'z9hG4bKin'): void {
  const message = request(method);
  const via = line('Via', `SIP/2.0/${transport.toUpperCase()} 192.0.2.2:5060;branch=${branch}`);
  layer.receiveRequest(enveloped({ ...message, lines: [via, ...message.lines] }, peers[transport]));
}

describe('INVITE client', () => {
  test('timer A doubles over UDP, timer B gives up after 32 s', () => {
    const { outcome } = place('INVITE', 'udp');
    clock.advance(31_500);
    // 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s
    assert.equal(sent.length, 7);
    clock.advance(500);
    assert.equal(outcome.failure, 'timeout');
    assert.equal(layer.active, 0);
    assert.equal(clock.pending, 0);
  });

  test('nothing is repeated over TCP', () => {
    const { outcome } = place('INVITE', 'tcp');
    clock.advance(32_000);
    assert.equal(sent.length, 1);
    assert.equal(outcome.failure, 'timeout');
  });

  test('a provisional response ends the repetition and the time limit', () => {
    const { outcome, answer } = place('INVITE', 'udp');
    answer(180);
    clock.advance(100_000);
    assert.equal(sent.length, 1);
    assert.deepEqual(outcome.statuses, [180]);
    assert.equal(layer.active, 1);
  });

  test('a refusal is acknowledged each time it comes, and delivered once; timer D', () => {
    const { outcome, answer } = place('INVITE', 'udp');
    answer(486);
    answer(486);
    assert.deepEqual(outcome.statuses, [486]);
    assert.deepEqual(sent.slice(1), ['ACK sip:b@192.0.2.2 SIP/2.0', 'ACK sip:b@192.0.2.2 SIP/2.0']);
    clock.advance(32_000);
    assert.equal(layer.active, 0);
  });

  test('over TCP the transaction is over with the ACK', () => {
    const { answer } = place('INVITE', 'tcp');
    answer(486);
    assert.equal(layer.active, 0);
  });

  test('a repeated 2xx is delivered again, without an ACK of the transaction (RFC 6026); timer M', () => {
    const { outcome, answer } = place('INVITE', 'udp');
    answer(200);
    answer(200);
    assert.deepEqual(outcome.statuses, [200, 200]);
    assert.equal(sent.length, 1);
    clock.advance(32_000);
    assert.equal(layer.active, 0);
  });

  test('the transport fails', () => {
    const { outcome } = place('INVITE', 'udp');
    failures[0]!(new Error('refused'));
    assert.equal(outcome.failure, 'transport');
    assert.equal(layer.active, 0);
  });

  test('the TCP connection ends while the far end rings', () => {
    const { outcome, answer } = place('INVITE', 'tcp');
    answer(180);
    layer.connectionClosed(7);
    assert.equal(outcome.failure, 'transport');
  });
});

describe('other clients', () => {
  test('timer E doubles to T2, timer F gives up', () => {
    const { outcome } = place('OPTIONS', 'udp');
    clock.advance(31_999);
    // 0, 0.5, 1.5, 3.5, then every 4 s: 7.5 … 31.5
    assert.equal(sent.length, 11);
    clock.advance(1);
    assert.equal(outcome.failure, 'timeout');
    assert.equal(clock.pending, 0);
  });

  test('a final response is delivered once; timer K', () => {
    const { outcome, answer } = place('OPTIONS', 'udp');
    answer(200);
    answer(200);
    assert.deepEqual(outcome.statuses, [200]);
    clock.advance(4_999);
    assert.equal(layer.active, 1);
    clock.advance(1);
    assert.equal(layer.active, 0);
  });

  test('after a provisional response the request is repeated every T2', () => {
    const { answer } = place('OPTIONS', 'udp');
    answer(100);
    clock.advance(500 + 4000);
    assert.equal(sent.length, 3);
  });
});

describe('INVITE server', () => {
  const respond = (status: number): boolean => {
    const { request: incoming, transaction } = requests[0]!;
    return transaction.respond(replyTo(incoming, status, undefined, { toTag: 't' }));
  };

  test('a repeated INVITE gets the last provisional response and is not delivered again', () => {
    arrive('INVITE', 'udp');
    respond(180);
    arrive('INVITE', 'udp');
    assert.deepEqual(sent, ['SIP/2.0 180 Ringing', 'SIP/2.0 180 Ringing']);
    assert.equal(requests.length, 1);
  });

  test('a refusal is repeated until the ACK: timers G and I', () => {
    arrive('INVITE', 'udp');
    respond(486);
    clock.advance(3500);
    assert.equal(sent.length, 4);
    arrive('ACK', 'udp');
    clock.advance(4999);
    assert.equal(sent.length, 4);
    assert.equal(layer.active, 1);
    clock.advance(1);
    assert.equal(layer.active, 0);
    assert.equal(acks.length, 0);
  });

  test('no ACK to a refusal: timer H', () => {
    arrive('INVITE', 'udp');
    respond(486);
    clock.advance(32_000);
    assert.equal(unacknowledged, 1);
    assert.equal(layer.active, 0);
    assert.equal(clock.pending, 0);
  });

  test('a 2xx is not repeated by the transaction; its ACK goes to the user; timer L', () => {
    arrive('INVITE', 'udp');
    respond(200);
    arrive('ACK', 'udp', 'z9hG4bKack');
    assert.equal(acks.length, 1);
    arrive('INVITE', 'udp');
    clock.advance(31_999);
    assert.equal(sent.length, 1);
    assert.equal(requests.length, 1);
    clock.advance(1);
    assert.equal(layer.active, 0);
  });

  test('only one final response', () => {
    arrive('INVITE', 'udp');
    assert.equal(respond(486), true);
    assert.equal(respond(200), false);
    assert.equal(sent.length, 1);
  });

  test('the same request by another way is a loop', () => {
    arrive('INVITE', 'udp');
    arrive('INVITE', 'udp', 'z9hG4bKother');
    assert.deepEqual(sent, ['SIP/2.0 482 Loop Detected']);
    assert.equal(requests.length, 1);
  });
});

describe('other servers', () => {
  test('a repeated request gets the final response again; timer J', () => {
    arrive('OPTIONS', 'udp');
    arrive('OPTIONS', 'udp');
    assert.deepEqual(sent, []);
    const { request: incoming, transaction } = requests[0]!;
    transaction.respond(replyTo(incoming, 200));
    arrive('OPTIONS', 'udp');
    assert.deepEqual(sent, ['SIP/2.0 200 OK', 'SIP/2.0 200 OK']);
    clock.advance(32_000);
    assert.equal(layer.active, 0);
  });

  test('over TCP it is over at once', () => {
    arrive('OPTIONS', 'tcp');
    requests[0]!.transaction.respond(replyTo(requests[0]!.request, 200));
    assert.equal(layer.active, 0);
  });

  test('a CANCEL finds its INVITE', () => {
    arrive('INVITE', 'udp');
    arrive('CANCEL', 'udp');
    assert.equal(layer.findCancelled(requests[1]!.request), requests[0]!.transaction);
  });
});

test('a 2xx is repeated, backing off to T2, until the ACK or 32 s', () => {
  let times = 0;
  let gaveUp = 0;
  const start = () =>
    retransmit2xx(
      clock,
      DEFAULT_TIMERS,
      () => times++,
      () => gaveUp++,
    );
  start();
  clock.advance(32_000);
  // 0.5, 1.5, 3.5, then every 4 s
  assert.equal(times, 10);
  assert.equal(gaveUp, 1);
  assert.equal(clock.pending, 0);
  start()();
  assert.equal(clock.pending, 0);
});

test('the start line of what a request is sent as', () => {
  assert.equal(startLine(request('INVITE')), 'INVITE sip:b@192.0.2.2 SIP/2.0');
});
