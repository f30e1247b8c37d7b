import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket as TcpSocket } from 'node:net';

/** Bytes of SIP, sent as they are: for what no phone would say. */
export interface RawSip {
  readonly host: string;
  readonly port: number;
  readonly transport: 'udp' | 'tcp';
  send(bytes: string | Uint8Array): void;
  /** Everything that came back, in order; over UDP an entry is a datagram, over TCP whatever arrived together. */
  readonly received: readonly string[];
  /** The first response to a Call-ID with such a status, now or later. */
  response(callId: string, status: number): Promise<string>;
  /** Sends a request, over UDP again until it is answered; resolves with its final response. */
  ask(text: string, callId: string): Promise<string>;
  /** Resolves when the far end has closed the connection; over UDP never. */
  readonly closed: Promise<void>;
  close(): void;
}

/** RFC 3261, T1. */
const TIMER_E_MS = 500;

export async function openRawSip(to: { host: string; port: number }, transport: 'udp' | 'tcp'): Promise<RawSip> {
  const received: string[] = [];
  const waiting = new Set<() => void>();
  const closed = Promise.withResolvers<void>();
  const took = (data: Buffer): void => {
    received.push(data.toString('latin1'));
    for (const look of [...waiting]) look();
  };
  const socket = transport === 'udp' ? createSocket('udp4') : connect(to.port, to.host);
  if (transport === 'udp') {
    const udp = socket as UdpSocket;
    udp.bind(0, '127.0.0.1');
    await once(udp, 'listening');
    udp.on('message', took).on('error', () => {});
  } else {
    await once(socket, 'connect');
    const tcp = socket as TcpSocket;
    tcp.on('data', took).on('error', () => {});
    tcp.on('close', () => closed.resolve());
  }
  const local = socket.address() as { port: number };
  // A test that fails leaves no socket that keeps its process alive.
  socket.unref();
  const send = (bytes: string | Uint8Array): void => {
    if (transport === 'udp') (socket as UdpSocket).send(bytes, to.port, to.host, () => {});
    else (socket as TcpSocket).write(bytes);
  };
  const find = (callId: string, status: string): Promise<string> =>
    new Promise((resolve) => {
      const start = new RegExp(`^SIP/2\\.0 ${status} `);
      let looked = 0;
      const look = (): void => {
        // What arrived over TCP may have begun before.
        const texts = transport === 'udp' ? received.slice(looked) : received.join('').split(/(?=SIP\/2\.0 \d{3} )/);
        looked = received.length;
        const found = texts.find((text) => start.test(text) && text.includes(callId));
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  return {
    host: '127.0.0.1',
    port: local.port,
    transport,
    received,
    closed: closed.promise,
    send,
    response: (callId, status) => find(callId, String(status)),
    async ask(text, callId) {
      const again = setInterval(() => transport === 'udp' && send(text), TIMER_E_MS);
      send(text);
      try {
        return await find(callId, '[2-6]\\d\\d');
      } finally {
        clearInterval(again);
      }
    },
    close() {
      if (transport === 'udp') (socket as UdpSocket).close();
      else (socket as TcpSocket).destroy();
    },
  };
}

export interface RequestParts {
  readonly callId: string;
  readonly user?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly cseq?: number;
  readonly branch?: string;
  readonly toTag?: string;
}

/** A plain request outside a dialog. */
export function request(method: string, sip: RawSip, to: { host: string; port: number }, parts: RequestParts): string {
  const { callId, user = '100', headers = [], body = '', cseq = 1, branch = callId, toTag } = parts;
  const uri = `sip:${user}@${to.host}:${to.port}`;
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/${sip.transport.toUpperCase()} ${sip.host}:${sip.port};branch=z9hG4bK-${branch}`,
    'Max-Forwards: 70',
    `From: <sip:raw@${sip.host}>;tag=raw-${callId}`,
    `To: <${uri}>${toTag === undefined ? '' : `;tag=${toTag}`}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} ${method}`,
    `Contact: <sip:raw@${sip.host}:${sip.port};transport=${sip.transport}>`,
    ...headers,
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

/** A description with one audio stream. */
export function offer(host: string, port: number, formats = '0 101', maps: readonly string[] = []): string {
  return [
    'v=0',
    `o=- 1 1 IN IP4 ${host}`,
    's=-',
    `c=IN IP4 ${host}`,
    't=0 0',
    `m=audio ${port} RTP/AVP ${formats}`,
    ...maps,
    '',
  ].join('\r\n');
}
