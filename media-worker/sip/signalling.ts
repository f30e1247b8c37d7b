import { fault, PivotError } from '../../crds/errors/fault.ts';
import { routingCodes } from '../../crds/errors/routing.ts';
import type { Logger } from '../../runtime/log.ts';
import {
  createSignallingClient,
  disconnect,
  type SignallingClient,
  type SipHeaders,
  type SipRequest,
  type SipResponse,
  sendAtOnce,
} from './srf.ts';

export interface SignallingOptions {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  readonly log: Logger;
  readonly onInvite: (request: SipRequest, response: SipResponse) => void;
  readonly onRegister: (request: SipRequest, response: SipResponse) => void;
  /** Whether new work is taken, for the answer to OPTIONS: 200 or 503. */
  readonly accepting: () => boolean;
  /** The connection is there (true) or gone (false). */
  readonly onConnectionChange: (connected: boolean) => void;
}

export interface Signalling {
  readonly client: SignallingClient;
  readonly connected: boolean;
  /** SIP addresses that drachtio-server listens on, as it says them: `udp/127.0.0.1:5060`. */
  readonly addresses: readonly string[];
  /** Resolves when connected and authenticated for the first time; rejects when the secret is wrong. */
  readonly ready: Promise<void>;
  close(): void;
}

/** When a caller that gets a 503 may try here again (RFC 3261 section 20.33). Seconds. */
export const RETRY_AFTER: SipHeaders = { 'Retry-After': '5' };

/** Longest pause between attempts to reconnect. */
const RECONNECT_MOST_MS = 5000;

/** Connects to a drachtio-server and stays connected. */
export function connectSignalling(options: SignallingOptions): Signalling {
  const { host, port, secret, log } = options;
  const client = createSignallingClient();
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => {});
  let connected = false;
  let closed = false;
  let addresses: readonly string[] = [];

  const change = (now: boolean): void => {
    if (connected === now || closed) return;
    connected = now;
    options.onConnectionChange(now);
  };
  client.invite(options.onInvite);
  client.options((_request, response) =>
    options.accepting() ? response.send(200) : response.send(503, { headers: RETRY_AFTER }),
  );
  client.register(options.onRegister);
  client.on('connect', (error, hostports) => {
    if (closed) return;
    if (error) {
      const refused = fault(routingCodes.connectFailed, `drachtio-server at ${host}:${port} refused the secret`);
      log.error({ code: refused.code, address: `${host}:${port}` }, refused.message);
      ready.reject(new PivotError(refused));
      return;
    }
    sendAtOnce(client);
    addresses = hostports.split(',');
    log.info({ address: `${host}:${port}`, sip: addresses }, 'connected to drachtio-server');
    change(true);
    ready.resolve();
  });
  client.on('error', (error) => {
    if (closed) return;
    const reason = error instanceof Error ? error.message : String(error);
    log.warn(
      { code: routingCodes.connectFailed.code, address: `${host}:${port}`, reason },
      'drachtio-server cannot be reached, trying again',
    );
    change(false);
  });
  client.on('close', () => {
    if (connected && !closed)
      log.error(
        { code: routingCodes.signallingLost.code, address: `${host}:${port}` },
        'connection to drachtio-server lost',
      );
    change(false);
  });
  client.connect({ host, port, secret, reconnect: { retryMaxDelay: RECONNECT_MOST_MS } });

  return {
    client,
    get connected() {
      return connected;
    },
    get addresses() {
      return addresses;
    },
    ready: ready.promise,
    close() {
      closed = true;
      disconnect(client);
    },
  };
}
