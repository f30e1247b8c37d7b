import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import type { TestContext } from 'node:test';

/** A request as a web server saw it. */
export interface Seen {
  readonly method: string;
  /** Path and query, as sent. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface WebServer {
  readonly port: number;
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  readonly seen: readonly Seen[];
  /** Connections accepted so far. */
  readonly connections: number;
  /** Resolves when no connection is open any more. */
  idle(): Promise<void>;
}

export type Handler = (seen: Seen, response: ServerResponse, request: IncomingMessage) => void;

const testdata = new URL('../testdata/', import.meta.url);
export const pem = (name: string): string => readFileSync(new URL(name, testdata), 'utf8');

/** A real web server on this machine, ended with the test. `certificate` makes it speak TLS. */
export async function serve(t: TestContext, handler: Handler, certificate?: string): Promise<WebServer> {
  const seen: Seen[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('error', () => {});
    response.on('error', () => {});
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      seen.push(one);
      handler(one, response, request);
    });
  };
  const server: Server =
    certificate === undefined
      ? createHttpServer(listener)
      : createHttpsServer({ key: pem('localhost.key'), cert: pem(certificate) }, listener);
  const watch = watchConnections(server);
  const port = await listen(server);
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    port,
    origin: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    seen,
    get connections() {
      return watch.total;
    },
    idle: watch.idle,
  };
}

/** A server that speaks whatever it likes, ended with the test. */
export async function serveTcp(t: TestContext, onConnection: (socket: Socket) => void): Promise<WebServer> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  const watch = watchConnections(server);
  const port = await listen(server);
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    seen: [],
    get connections() {
      return watch.total;
    },
    idle: watch.idle,
  };
}

/** Answers every request with the same bytes, then does what `after` says with the connection. */
export function rawAnswer(
  bytes: string | Buffer,
  after: (socket: Socket) => void = (socket) => socket.end(),
): (socket: Socket) => void {
  return (socket) => {
    socket.once('data', () => {
      socket.write(bytes, () => after(socket));
    });
  };
}

/** A port of this machine at which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createTcpServer();
  const port = await listen(server);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  await promise;
  return port;
}

async function listen(server: TcpServer): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  return (server.address() as AddressInfo).port;
}

function watchConnections(server: TcpServer): { total: number; idle(): Promise<void> } {
  let open = 0;
  let waiting: (() => void)[] = [];
  const watch = {
    total: 0,
    idle: (): Promise<void> => {
      if (open === 0) return Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push(resolve);
      return promise;
    },
  };
  server.on('connection', (socket: Socket) => {
    open += 1;
    watch.total += 1;
    socket.on('close', () => {
      open -= 1;
      if (open > 0) return;
      for (const resolve of waiting) resolve();
      waiting = [];
    });
  });
  return watch;
}
