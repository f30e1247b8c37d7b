import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Client } from 'undici';
import type { Fault } from '../../crds/errors/fault.ts';
import { PivotError } from '../../crds/errors/fault.ts';
import type { Resolver } from './resolver.ts';
import type { Target } from './url.ts';

/** How far a connection has come; what a failure means depends on it. */
export type Stage = 'resolving' | 'connecting' | 'securing' | 'open';

/** Milliseconds that each stage took; absent where the stage was not reached or not needed. */
export interface ConnectTimings {
  readonly dnsMs?: number;
  readonly connectMs?: number;
  readonly tlsMs?: number;
}

export interface TlsOptions {
  /** Accepts any certificate. */
  readonly insecure?: boolean;
  /** PEM certificates of the authorities to trust instead of the system's. */
  readonly ca?: string;
}

export interface ConnectionOptions {
  readonly resolver: Resolver;
  readonly tls: TlsOptions;
  /** TLS session of an earlier connection to the origin, and where to leave this one's. */
  readonly session: { get(): Buffer | undefined; set(session: Buffer): void };
  /** Milliseconds that an idle connection stays open when the server does not say. */
  readonly keepAliveMs: number;
  /** Bytes of response headers and trailers. */
  readonly maxHeaderBytes: number;
  readonly now: () => number;
}

/**
 * One connection to an origin and the undici client that speaks HTTP on it. It carries one request at a time; the pool hands it
 * from request to request. Unlike undici's own pool, a connection that is still being made belongs to the request that asked
 * for it: when that request is given up, the socket goes with it.
 */
export class Connection {
  readonly client: Client;
  readonly #options: ConnectionOptions;
  readonly #target: Target;
  #socket: Socket | undefined;
  #stage: Stage = 'resolving';
  #timings: { dnsMs?: number; connectMs?: number; tlsMs?: number } = {};
  #dropped = false;
  #refusal: Fault | undefined;
  #peer: { address: string; port: number } | undefined;
  /** Requests that this connection has carried. */
  served = 0;

  constructor(target: Target, options: ConnectionOptions) {
    this.#target = target;
    this.#options = options;
    this.client = new Client(target.origin, {
      pipelining: 1,
      keepAliveTimeout: options.keepAliveMs,
      keepAliveMaxTimeout: Math.max(options.keepAliveMs, 60_000),
      maxHeaderSize: options.maxHeaderBytes,
      // One deadline rules the whole request; see `Outgoing.request`.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (_params, callback) => {
        this.#open().then(
          (socket) => callback(null, socket),
          (error: Error) => callback(error, null),
        );
      },
    });
  }

  get stage(): Stage {
    return this.#stage;
  }

  get timings(): ConnectTimings {
    return this.#timings;
  }

  /** The address policy's refusal, when that is why the connection failed. */
  get refusal(): Fault | undefined {
    return this.#refusal;
  }

  get peer(): { readonly address: string; readonly port: number } | undefined {
    return this.#peer;
  }

  /** Whether another request may be put on it. */
  get usable(): boolean {
    return !this.#dropped && this.#socket !== undefined && !this.#socket.destroyed && this.#socket.readable;
  }

  /** Ends the connection at once, whatever its stage. Idempotent. */
  drop(): void {
    if (this.#dropped) return;
    this.#dropped = true;
    this.#socket?.destroy();
    this.client.destroy().catch(() => {});
  }

  /** Resolves, judges, connects, and secures. Rejects with a `PivotError` where the resolver says why, else with Node's error. */
  async #open(): Promise<Socket> {
    const { hostname, port, protocol } = this.#target;
    const { resolver, now } = this.#options;
    const started = now();
    const resolution = await resolver.resolve(hostname);
    if (isIP(hostname) === 0) this.#timings.dnsMs = now() - started;
    if (this.#dropped) throw new Error('dropped');
    if (!resolution.ok) {
      this.#refusal = resolution.fault;
      throw new PivotError(resolution.fault);
    }
    const { addresses } = resolution;
    this.#stage = 'connecting';
    const connecting = now();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // The judged addresses and no others; with several, Node tries one after the other (RFC 8305).
    const judged: LookupFunction = (_hostname, options, callback) => {
      if (options.all === true) callback(null, [...addresses]);
      else callback(null, addresses[0]!.address, addresses[0]!.family);
    };
    const socket = connectTcp(
      isIP(hostname) === 0
        ? { host: hostname, port, lookup: judged, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }
        : { host: hostname, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 },
    );
    this.#socket = socket;
    socket.once('connect', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
    await promise;
    socket.off('error', reject);
    this.#timings.connectMs = now() - connecting;
    if (socket.remoteAddress !== undefined) this.#peer = { address: socket.remoteAddress, port };
    if (protocol === 'http:') {
      this.#stage = 'open';
      return socket;
    }
    this.#stage = 'securing';
    // What happens to it is the TLS socket's to tell.
    socket.on('error', () => {});
    const secured = await this.#secure(socket);
    this.#stage = 'open';
    return secured;
  }

  async #secure(socket: Socket): Promise<Socket> {
    const { tls, session, now } = this.#options;
    const { hostname } = this.#target;
    const started = now();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const resumed = session.get();
    const secured = connectTls({
      socket,
      // RFC 6066 3: no addresses as server name; the certificate is checked against `host`.
      ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
      host: hostname,
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: tls.insecure !== true,
      minVersion: 'TLSv1.2',
      ...(tls.ca === undefined ? {} : { ca: tls.ca }),
      ...(resumed === undefined ? {} : { session: resumed }),
    });
    this.#socket = secured;
    secured.once('secureConnect', resolve);
    secured.once('error', reject);
    secured.once('close', () => reject(new Error('closed during the TLS handshake')));
    secured.on('session', (fresh) => session.set(fresh));
    await promise;
    secured.off('error', reject);
    this.#timings.tlsMs = now() - started;
    return secured;
  }
}
