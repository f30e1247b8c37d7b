import { once } from 'node:events';
import { connect, type Server, type Socket } from 'node:net';
import type { Log } from './log.ts';
import { createFramer } from './tcp-framing.ts';
import type { Peer } from './transport.ts';

export interface TcpConnectionsOptions {
  readonly server: Server;
  readonly localAddress: string;
  readonly maxConnections: number;
  readonly receive: (data: Buffer, from: Peer) => void;
  readonly closed: (connection: number) => void;
  readonly log: Log | undefined;
}

/** TCP connections of both directions: found by their number or by the peer's address, opened when needed. */
export interface TcpConnections {
  readonly size: number;
  send(text: string, to: Peer, failed: (error: Error) => void): void;
  close(): Promise<void>;
}

interface Connection {
  readonly id: number;
  readonly socket: Socket;
  readonly key: string;
  /** For what was sent and not yet taken by the kernel. */
  readonly pending: Set<(error: Error) => void>;
  lastHeard: number;
}

/** A message that is begun must be finished within this time, in milliseconds: 64 times T1. */
const PARTIAL_TIMEOUT_MS = 32_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** A peer that does not read is dropped when this much waits for it, in bytes. */
const MAX_QUEUED_BYTES = 1024 * 1024;

export function createTcpConnections(options: TcpConnectionsOptions): TcpConnections {
  const { server, log } = options;
  const byId = new Map<number, Connection>();
  const byPeer = new Map<string, Connection>();
  let nextId = 1;
  let ticks = 0;

  function adopt(socket: Socket, address: string, port: number): Connection {
    const id = nextId++;
    const key = `${address}|${port}`;
    const connection: Connection = { id, socket, key, pending: new Set(), lastHeard: ticks++ };
    if (byId.size >= options.maxConnections) evict();
    byId.set(id, connection);
    byPeer.set(key, connection);
    const framer = createFramer();
    const peer: Peer = { transport: 'tcp', address, port, connection: id };
    let partialTimer: NodeJS.Timeout | undefined;

    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    socket.on('data', (chunk) => {
      connection.lastHeard = ticks++;
      for (const framed of framer.push(chunk)) {
        if (framed.kind === 'ping') socket.write('\r\n');
        else options.receive(framed.data, peer);
        if (framed.kind === 'broken') socket.end();
      }
      clearTimeout(partialTimer);
      partialTimer = framer.partial ? setTimeout(() => socket.destroy(), PARTIAL_TIMEOUT_MS) : undefined;
    });
    socket.on('error', (error) => log?.('debug', 'TCP connection', { address, port, error: error.message }));
    socket.on('close', () => {
      clearTimeout(partialTimer);
      byId.delete(id);
      if (byPeer.get(key) === connection) byPeer.delete(key);
      for (const failed of connection.pending) failed(new Error('connection closed'));
      connection.pending.clear();
      options.closed(id);
    });
    return connection;
  }

  function evict(): void {
    let oldest: Connection | undefined;
    for (const connection of byId.values()) {
      if (oldest === undefined || connection.lastHeard < oldest.lastHeard) oldest = connection;
    }
    oldest?.socket.destroy();
  }

  function open(to: Peer): Connection {
    const socket = connect({ host: to.address, port: to.port });
    const connection = adopt(socket, to.address, to.port);
    const timer = setTimeout(() => socket.destroy(new Error('connect timed out')), CONNECT_TIMEOUT_MS);
    socket.once('connect', () => clearTimeout(timer));
    socket.once('close', () => clearTimeout(timer));
    return connection;
  }

  server.on('connection', (socket) => {
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined || remotePort === undefined) socket.destroy();
    else adopt(socket, remoteAddress, remotePort);
  });
  server.on('error', (error) => log?.('warn', 'TCP server', { error: error.message }));

  return {
    get size() {
      return byId.size;
    },
    send(text, to, failed) {
      const numbered = to.connection === undefined ? undefined : byId.get(to.connection);
      const known = numbered ?? byPeer.get(`${to.address}|${to.port}`);
      const usable = known !== undefined && !known.socket.destroyed && known.socket.writable ? known : open(to);
      const { socket, pending } = usable;
      if (socket.writableLength > MAX_QUEUED_BYTES) {
        socket.destroy(new Error('the peer does not read'));
      }
      pending.add(failed);
      socket.write(text, (error) => {
        if (!pending.delete(failed)) return;
        if (error !== null && error !== undefined) failed(error);
      });
    },
    async close() {
      const done = once(server, 'close');
      server.close();
      for (const { socket } of byId.values()) socket.destroy();
      await done;
    },
  };
}
