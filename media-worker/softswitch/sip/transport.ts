import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { fault, PivotError } from '../../../crds/errors/fault.ts';
import { softswitchCodes } from '../../../crds/errors/softswitch.ts';
import { addressToTell, isUnspecified, reachableAddresses } from './local-address.ts';
import type { Log } from './log.ts';
import { createTcpConnections, type TcpConnections } from './tcp-connections.ts';

export type TransportName = 'udp' | 'tcp';

/** Where a message came from, or shall go. `connection` is set for TCP connections that exist. */
export interface Peer {
  readonly transport: TransportName;
  readonly address: string;
  readonly port: number;
  readonly connection?: number;
}

export interface TransportOptions {
  readonly host: string;
  /** 0 takes a free port, the same for UDP and TCP. */
  readonly port: number;
  readonly transports: readonly TransportName[];
  /** Another address than the bound one that a peer is told (behind NAT, say); undefined for none. */
  readonly externalFor?: ((peer: Peer) => string | undefined) | undefined;
  /** Most TCP connections at once; the one that was silent longest is closed for a new one. */
  readonly maxConnections?: number;
  /** `data` is one message, complete or not; `broken` means that the TCP connection is closed after an answer. */
  readonly receive: (data: Buffer, from: Peer) => void;
  /** A TCP connection ended: whatever waits for a response on it fails. */
  readonly connectionClosed?: (connection: number) => void;
  readonly log?: Log | undefined;
}

export interface Transport {
  readonly host: string;
  /** 0 when the transport is not offered. */
  readonly udpPort: number;
  readonly tcpPort: number;
  /** Sends one message. `failed` is called at most once, never before `send` returns; it may be called for UDP as well. */
  send(text: string, to: Peer, failed: (error: Error) => void): void;
  /** Whether something that is sent there would come back to us. */
  isSelf(peer: Peer): boolean;
  /** Our address as that peer should be told it. */
  addressFor(peer: Peer): { readonly host: string; readonly port: number };
  /** All of our addresses, for the list that drachtio-server gives to its applications. */
  readonly addresses: readonly string[];
  /** Finds out whether a UDP port is closed; calls back only when the far end's machine says so. */
  probe(to: Peer, refused: (error: Error) => void): void;
  readonly connections: number;
  close(): Promise<void>;
}

/** Linux gives less when net.core.rmem_max is lower; then the default stays. */
const UDP_BUFFER_BYTES = 4 * 1024 * 1024;
const MAX_CONNECTIONS = 1024;
/** Addresses of this machine change when a network comes or goes. */
const ADDRESSES_KEPT_MS = 10_000;
/** How often port 0 is tried anew when the UDP port that was given is taken for TCP. */
const PORT_ATTEMPTS = 20;

export async function createTransport(options: TransportOptions): Promise<Transport> {
  const { host, log } = options;
  const wantsTcp = options.transports.includes('tcp');
  const wantsUdp = options.transports.includes('udp');
  for (let attempt = 1; ; attempt++) {
    const udp = wantsUdp ? await bindUdp(host, options.port) : undefined;
    const port = udp?.address().port ?? options.port;
    try {
      const server = wantsTcp ? await listenTcp(host, port) : undefined;
      return assemble(options, udp, server);
    } catch (error) {
      udp?.close();
      if (options.port !== 0 || attempt >= PORT_ATTEMPTS) throw error;
      log?.('debug', 'port is free for UDP and taken for TCP, trying another', { port });
    }
  }
}

function cannotListen(what: string, host: string, port: number, cause: unknown): PivotError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new PivotError(fault(softswitchCodes.cannotListen, `SIP over ${what} on ${host}:${port}: ${reason}`), {
    cause,
  });
}

async function bindUdp(host: string, port: number): Promise<UdpSocket> {
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' });
  try {
    socket.bind(port, host);
    await once(socket, 'listening');
  } catch (error) {
    socket.close();
    throw cannotListen('UDP', host, port, error);
  }
  try {
    socket.setRecvBufferSize(UDP_BUFFER_BYTES);
    socket.setSendBufferSize(UDP_BUFFER_BYTES);
  } catch {
    // The kernel's limit is lower: its default is kept.
  }
  return socket;
}

async function listenTcp(host: string, port: number): Promise<Server> {
  const server = createServer({ noDelay: true, keepAlive: true });
  try {
    server.listen({ host, port });
    await once(server, 'listening');
  } catch (error) {
    throw cannotListen('TCP', host, port, error);
  }
  return server;
}

function assemble(options: TransportOptions, udp: UdpSocket | undefined, server: Server | undefined): Transport {
  const { host, log } = options;
  const udpPort = udp?.address().port ?? 0;
  const listening = server?.address();
  const tcpPort = typeof listening === 'object' && listening !== null ? listening.port : 0;
  const probes = new Set<UdpSocket>();
  let closed = false;

  udp?.on('message', (data, from) => {
    if (data.length > 4) options.receive(data, { transport: 'udp', address: from.address, port: from.port });
  });
  udp?.on('error', (error) => log?.('warn', 'UDP socket', { error: error.message }));

  const tcp: TcpConnections | undefined =
    server === undefined
      ? undefined
      : createTcpConnections({
          server,
          localAddress: host,
          maxConnections: options.maxConnections ?? MAX_CONNECTIONS,
          receive: options.receive,
          closed: options.connectionClosed ?? (() => {}),
          log,
        });

  /** Asking the system costs a tenth of a millisecond, so answers are kept for a while. */
  const told = new Map<string, string>();
  let toldAt = 0;
  function ownAddressFor(peer: string): string {
    if (!isUnspecified(host)) return host;
    if (Date.now() - toldAt > ADDRESSES_KEPT_MS || told.size > MAX_CONNECTIONS) {
      told.clear();
      toldAt = Date.now();
    }
    const known = told.get(peer) ?? addressToTell(host, peer, networkInterfaces());
    told.set(peer, known);
    return known;
  }

  return {
    host,
    udpPort,
    tcpPort,
    addresses: reachableAddresses(host, networkInterfaces()),
    get connections() {
      return tcp?.size ?? 0;
    },
    isSelf(peer) {
      const port = peer.transport === 'tcp' ? tcpPort : udpPort;
      const own = [ownAddressFor(peer.address), options.externalFor?.(peer)];
      return peer.port === port && own.includes(peer.address);
    },
    addressFor(peer) {
      return {
        host: options.externalFor?.(peer) ?? ownAddressFor(peer.address),
        port: peer.transport === 'tcp' ? tcpPort : udpPort,
      };
    },
    send(text, to, failed) {
      const socket = to.transport === 'udp' ? udp : undefined;
      if (closed || (to.transport === 'tcp' ? tcp === undefined : socket === undefined)) {
        queueMicrotask(() => failed(new Error(`no ${to.transport} transport`)));
      } else if (socket === undefined) tcp!.send(text, to, failed);
      else {
        socket.send(text, to.port, to.address, (error) => {
          if (error !== null) failed(error);
        });
      }
    },
    /*
     * Node does not hand on ICMP errors of an unconnected socket, and drachtio-server reports a refused port at once. So a
     * keep-alive (RFC 5626 CRLF CRLF, which every SIP implementation ignores) goes there from a connected socket.
     */
    probe(to, refused) {
      if (closed || to.transport !== 'udp') return;
      const socket = createSocket(isIPv6(to.address) ? 'udp6' : 'udp4');
      probes.add(socket);
      const end = (): void => {
        if (!probes.delete(socket)) return;
        clearTimeout(timer);
        socket.close();
      };
      const timer = setTimeout(end, 500);
      socket.on('error', (error: NodeJS.ErrnoException) => {
        end();
        if (error.code === 'ECONNREFUSED') refused(error);
      });
      socket.connect(to.port, to.address, () => socket.send('\r\n\r\n'));
    },
    async close() {
      if (closed) return;
      closed = true;
      for (const socket of probes) socket.close();
      probes.clear();
      const udpClosed = udp === undefined ? undefined : once(udp, 'close');
      udp?.close();
      await Promise.all([udpClosed, tcp?.close()]);
    },
  };
}
