import { setTimeout as delay } from 'node:timers/promises';
import { type Fault, fault, PivotError } from '../../crds/errors/fault.ts';
import { routingCodes } from '../../crds/errors/routing.ts';
import type { Logger } from '../../runtime/log.ts';
import type { SignallingClient } from '../sip/srf.ts';
import { coalesceWrites } from './coalesce-writes.ts';
import { MediaEndpoint } from './endpoint.ts';
import { createFsmrfClient, type FsmrfClient, type FsmrfEndpoint, type FsmrfMediaServer } from './fsmrf.ts';
import { createGate, type Gate } from './gate.ts';

export interface MediaServerOptions {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  /** Address that FreeSWITCH can reach for its outbound sockets; 127.0.0.1 when it runs beside the worker. */
  readonly listenAddress: string;
  /** Address that FreeSWITCH is told, where it differs from `listenAddress` (a listener on 0.0.0.0). */
  readonly advertisedAddress?: string;
  readonly signalling: SignallingClient;
  readonly log: Logger;
  /** Ends attempts to connect. */
  readonly signal: AbortSignal;
  readonly onConnectionChange?: (connected: boolean) => void;
  /** Replaceable for tests. */
  readonly client?: FsmrfClient;
}

/**
 * A FreeSWITCH endpoint costs 11 to 14 ms of CPU and the whole collapses past its limit, so only so many are made at once,
 * and only so many calls may wait for one; the rest is refused at once.
 */
const MADE_AT_ONCE = 8;
const MOST_WAITING = 200;
/** A caller hears nothing while an endpoint is made; FreeSWITCH takes some 20 ms when it is well. */
const MADE_WITHIN_MS = 10_000;
const RETRY_FIRST_MS = 250;
const RETRY_MOST_MS = 10_000;

/** The connection to one FreeSWITCH. Reconnects by itself; calls that had endpoints on it are told by their endpoints. */
export class MediaServer {
  readonly #server: FsmrfMediaServer;
  readonly #gate: Gate = createGate(MADE_AT_ONCE, MOST_WAITING);
  readonly #closed = new AbortController();
  /** Endpoints can be made: the event socket is up, and FreeSWITCH's SIP address is known. */
  #usable = true;

  private constructor(server: FsmrfMediaServer, client: FsmrfClient, options: MediaServerOptions) {
    const { log } = options;
    const address = `${options.host}:${options.port}`;
    this.#server = server;
    // Nagle's algorithm on FreeSWITCH's sockets costs some 40 ms per command.
    server._server.server.prependListener('connection', (socket) => {
      socket.setNoDelay(true);
      coalesceWrites(socket);
    });
    server.conn.reconnectOpts.retryMaxDelay = RETRY_MOST_MS;
    // drachtio-fsmrf's own listeners write to the console.
    server.conn.removeAllListeners('esl::end');
    server.conn.removeAllListeners('esl::ready');
    server.conn.on('esl::end', () => {
      if (this.#closed.signal.aborted || !this.#usable) return;
      this.#usable = false;
      log.error({ address }, 'connection to FreeSWITCH lost, reconnecting');
      options.onConnectionChange?.(false);
    });
    server.on('error', (error) => log.warn({ err: error }, 'FreeSWITCH event socket error'));
    server.conn.on('esl::ready', () => {
      const { signal } = this.#closed;
      insist(options, signal, () => client.check(options, signal)).then(
        (sipAddress) => {
          // drachtio-fsmrf would go on with the address that FreeSWITCH had before.
          server.sip.ipv4.udp.address = sipAddress;
          this.#usable = true;
          log.info({ address }, 'connected to FreeSWITCH again');
          options.onConnectionChange?.(true);
        },
        () => {},
      );
    });
  }

  /** Connects, trying again with growing pauses until it works or `signal` aborts. */
  static async connect(options: MediaServerOptions): Promise<MediaServer> {
    const client = options.client ?? createFsmrfClient(options.signalling);
    const server = await insist(options, options.signal, async () => {
      await client.check(options, options.signal);
      return client.connect({
        address: options.host,
        port: options.port,
        secret: options.secret,
        listenAddress: options.listenAddress,
        listenPort: 0,
        ...(options.advertisedAddress === undefined ? {} : { advertisedAddress: options.advertisedAddress }),
      });
    });
    options.onConnectionChange?.(true);
    return new MediaServer(server, client, options);
  }

  get connected(): boolean {
    return !this.#closed.signal.aborted && this.#usable && this.#server.connected();
  }

  /**
   * Makes an endpoint for a far end's offer; without one, FreeSWITCH makes the offer (`localSdp`) and `modify` brings the answer.
   * Rejects with a coded error, also when it takes longer than 10 s, or with the signal's reason. When the signal aborts meanwhile, it
   * settles once the endpoint that was on its way has been closed again.
   */
  async createEndpoint(remoteSdp: string, signal: AbortSignal): Promise<MediaEndpoint> {
    signal.throwIfAborted();
    if (!this.connected) throw new PivotError(fault(routingCodes.mediaUnavailable, 'FreeSWITCH is not connected'));
    const release = await this.#gate.enter(signal, () => new PivotError(overloaded()));
    try {
      signal.throwIfAborted();
      const endpoint = await madeInTime(this.#server.createEndpoint(remoteSdp === '' ? {} : { remoteSdp }));
      if (signal.aborted) await endpoint.close();
      signal.throwIfAborted();
      return endpoint;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw new PivotError(refusal(error), { cause: error });
    } finally {
      release();
    }
  }

  close(): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    this.#server.disconnect();
  }
}

/** Tries with growing pauses until it works or `signal` aborts. */
async function insist<T>(options: MediaServerOptions, signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (let pause = RETRY_FIRST_MS; ; pause = Math.min(pause * 2, RETRY_MOST_MS)) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const address = `${options.host}:${options.port}`;
      const { code } = routingCodes.connectFailed;
      if (!signal.aborted) options.log.warn({ code, address, reason }, 'FreeSWITCH cannot be used, trying again');
      await delay(pause, undefined, { signal });
    }
  }
}

/** The endpoint, unless it takes too long; one that comes later is closed. */
async function madeInTime(making: Promise<FsmrfEndpoint>): Promise<MediaEndpoint> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    making.then((endpoint) => new MediaEndpoint(endpoint).close()).catch(() => {});
    late.reject(new Error(`no answer within ${MADE_WITHIN_MS / 1000} s`));
  }, MADE_WITHIN_MS);
  try {
    return new MediaEndpoint(await Promise.race([making, late.promise]));
  } finally {
    clearTimeout(timer);
  }
}

function overloaded(): Fault {
  return fault(routingCodes.mediaUnavailable, `More than ${MOST_WAITING} calls wait for a media endpoint`);
}

function refusal(error: unknown): Fault {
  const status = (error as { status?: number }).status;
  const message = error instanceof Error ? error.message : String(error);
  // drachtio-fsmrf itself refuses offers of encrypted sound, by an assertion.
  if ((error as { code?: string }).code === 'ERR_ASSERTION') {
    return fault(
      routingCodes.noCommonCodec,
      "The caller's offer asks for encrypted sound (SRTP), which is not supported",
    );
  }
  if (status === 488 || status === 415) {
    return fault(
      routingCodes.noCommonCodec,
      `FreeSWITCH answered ${status} to the caller's offer; it takes PCMU and PCMA`,
    );
  }
  return fault(
    routingCodes.mediaUnavailable,
    `FreeSWITCH gave no endpoint: ${status === undefined ? message : `SIP ${status}`}`,
  );
}
