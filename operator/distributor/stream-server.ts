import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Fault, fault, faultOf } from '../../crds/errors/fault.ts';
import { streamCodes } from '../../crds/errors/stream.ts';
import { type Refusal, STREAM_LIMITS, STREAM_PATH, STREAM_PROTOCOL } from '../../crds/stream.ts';
import { type Clock, deadline } from '../../runtime/clock.ts';

/** Who a worker is, by its token. */
export interface WorkerIdentity {
  /** Name of its pod. Undefined: it is believed what it says. */
  readonly worker: string | undefined;
}

/** Says whose token it is, or a fault: `unauthorized` (PV-2102), or `authenticationFailed` (PV-2114) if it could not be found out. */
export type Authenticate = (token: string, signal: AbortSignal) => Promise<WorkerIdentity | Fault>;

/** PEM. */
export interface TlsMaterial {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

export interface StreamServerOptions {
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  /** Without it everything, tokens and secret values included, goes over the network in the clear: for tests on the loopback interface. */
  readonly tls: TlsMaterial | undefined;
  readonly authenticate: Authenticate;
  /** Connections at the same time, those that are being authenticated included. */
  readonly maxConnections: number;
  readonly clock: Clock;
  readonly onConnection: (socket: WebSocket, identity: WorkerIdentity, address: string) => void;
  readonly onRefused: (refusal: Fault, address: string) => void;
}

/** How long checking a token may take. Milliseconds. */
const AUTHENTICATION_MS = 10_000;
/** Longest token that is looked at; those of Kubernetes have some 1,000 characters. */
const TOKEN_LENGTH = 8192;

/** The HTTP status of a refusal, by its code; 401 otherwise. */
const STATUS: Readonly<Record<string, number>> = {
  [streamCodes.authenticationFailed.code]: 503,
  [streamCodes.tooManyWorkers.code]: 503,
  [streamCodes.otherProtocol.code]: 400,
  [streamCodes.malformed.code]: 400,
};

/** Accepts the connections of workers: TLS, token, subprotocol. What is said on them is not its business. */
export class StreamServer {
  readonly #options: StreamServerOptions;
  readonly #server: Server | TlsServer;
  readonly #sockets: WebSocketServer;
  readonly #stopping = new AbortController();
  readonly #open = new Set<Duplex>();
  #authenticating = 0;

  constructor(options: StreamServerOptions) {
    this.#options = options;
    const { tls } = options;
    this.#server =
      tls === undefined
        ? createServer()
        : createTlsServer({ ...tls, minVersion: 'TLSv1.2', handshakeTimeout: AUTHENTICATION_MS });
    this.#server.headersTimeout = AUTHENTICATION_MS;
    // Those that have not yet sent a request count here only.
    this.#server.maxConnections = 2 * options.maxConnections;
    this.#server.on('connection', (socket) => {
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
    });
    this.#server.on('request', (request, response) => {
      response.writeHead(request.url === STREAM_PATH ? 426 : 404, { connection: 'close' }).end();
    });
    this.#server.on('upgrade', (request, socket, head) => void this.#upgrade(request, socket, head));
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: STREAM_LIMITS.workerMessageBytes,
      // Compression would cost some 300 KB for each connection, and lengths would tell about secret values.
      perMessageDeflate: false,
      handleProtocols: () => STREAM_PROTOCOL,
    });
  }

  /** Resolves when it listens; rejects if it cannot. */
  listen(): Promise<AddressInfo> {
    const { promise, resolve, reject } = Promise.withResolvers<AddressInfo>();
    this.#server.once('error', reject);
    this.#server.listen({ host: this.#options.host, port: this.#options.port, backlog: 1024 }, () => {
      this.#server.off('error', reject);
      resolve(this.#server.address() as AddressInfo);
    });
    return promise;
  }

  /** Takes a renewed certificate for the connections to come. */
  setTls(tls: TlsMaterial): void {
    if ('setSecureContext' in this.#server) this.#server.setSecureContext({ ...tls, minVersion: 'TLSv1.2' });
  }

  /** Ends all connections, those that are not yet authenticated included. */
  async close(): Promise<void> {
    this.#stopping.abort(new Error('the server is stopping'));
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#sockets.close();
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const address = request.socket.remoteAddress ?? '';
    // Until `ws` takes over nobody else listens, and an error would end the process.
    const ignore = () => {};
    socket.on('error', ignore);
    const verdict = await this.#admit(request);
    if (socket.destroyed || this.#stopping.signal.aborted) {
      socket.destroy();
      return;
    }
    if ('code' in verdict) {
      this.#options.onRefused(verdict, address);
      refuse(socket, verdict);
      return;
    }
    socket.off('error', ignore);
    this.#sockets.handleUpgrade(request, socket, head, (ws) => this.#options.onConnection(ws, verdict, address));
  }

  async #admit(request: IncomingMessage): Promise<WorkerIdentity | Fault> {
    const { maxConnections, authenticate, clock } = this.#options;
    // Browsers name the origin of a page; workers have none.
    if (request.url !== STREAM_PATH || request.headers.origin !== undefined) {
      return fault(streamCodes.malformed, `the table stream is at ${STREAM_PATH}, for workers only`);
    }
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim());
    if (!offered.includes(STREAM_PROTOCOL)) {
      return fault(streamCodes.otherProtocol, `the operator speaks ${STREAM_PROTOCOL}, the worker does not`);
    }
    const [, token] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (token === undefined || token.length > TOKEN_LENGTH) {
      return fault(streamCodes.unauthorized, 'the worker sent no token');
    }
    if (this.#sockets.clients.size + this.#authenticating >= maxConnections) {
      return fault(streamCodes.tooManyWorkers, `the operator takes at most ${maxConnections} workers`);
    }
    this.#authenticating++;
    const late = () => new Error(`no answer within ${AUTHENTICATION_MS / 1000} s`);
    const guard = deadline(clock, AUTHENTICATION_MS, late, this.#stopping.signal);
    try {
      return await untilAborted(authenticate(token, guard.signal), guard.signal);
    } catch (error) {
      return faultOf(error, streamCodes.authenticationFailed);
    } finally {
      guard.cancel();
      this.#authenticating--;
    }
  }
}

/** Does not wait for who does not heed the signal. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  return promise;
}

function refuse(socket: Duplex, { code, message }: Fault): void {
  const status = STATUS[code] ?? 401;
  const refusal: Refusal = { code, message };
  const body = JSON.stringify(refusal);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
