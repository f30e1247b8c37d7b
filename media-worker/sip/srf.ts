/**
 * The part of drachtio-srf that the media worker uses, typed as it behaves. Its own declarations give wrong arities for `request` and
 * `destroy` and leave out `reconnecting`, options of `send`, and errors; this is the only file that touches the package.
 */
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import SrfImplementation from 'drachtio-srf';

export type SipHeaders = Readonly<Record<string, string>>;

export interface SipRequest {
  readonly method: string;
  readonly uri: string;
  readonly body: string;
  readonly protocol: string;
  readonly source_address: string;
  readonly source_port: string | number;
  readonly headers: Readonly<Record<string, string>>;
  get(name: string): string | undefined;
  has(name: string): boolean;
  on(event: 'cancel', listener: (message: unknown) => void): void;
}

export interface SipResponse {
  readonly finalResponseSent: boolean;
  send(
    status: number,
    reasonOrOptions?: string | SendOptions,
    options?: SendOptions,
    callback?: (error: unknown) => void,
  ): void;
}

export interface SendOptions {
  readonly headers?: SipHeaders;
  readonly body?: string;
}

export interface SipDialog extends Pick<EventEmitter, 'removeAllListeners'> {
  readonly connected: boolean;
  readonly sip: { readonly callId: string; readonly localTag: string; readonly remoteTag: string };
  readonly local: { sdp: string };
  readonly remote: { sdp: string };
  on(event: 'destroy', listener: (request: SipRequest, reason?: string) => void): void;
  on(
    event: 'modify' | 'info' | 'refer' | 'message' | 'notify',
    listener: (request: SipRequest, response: SipResponse) => void,
  ): void;
  on(event: 'ack', listener: (request: SipRequest) => void): void;
  off(event: 'notify', listener: (request: SipRequest, response: SipResponse) => void): void;
  /** Sends a request in the dialog; resolves with its final response, rejects when it could not be sent. */
  request(options: {
    readonly method: string;
    readonly headers: SipHeaders;
    readonly body?: string;
  }): Promise<{ readonly status: number }>;
  /** A re-INVITE; resolves with the far end's session description. */
  modify(sdp: string): Promise<string>;
  destroy(options: { headers?: SipHeaders }, callback: (error: unknown) => void): void;
}

/** A request that we have sent. */
export interface SentRequest {
  get(name: string): string | undefined;
  /** Cancels an INVITE; of one that has been authenticated anew, the later transaction. Throws when the connection is gone. */
  cancel(callback: (error: unknown) => void): void;
}

/** A provisional response to a request that we have sent. 100 never comes here. */
export interface SipReply {
  readonly status: number;
  readonly reason: string;
  readonly body: string;
  get(name: string): string | undefined;
}

export interface InviteOptions {
  readonly headers: SipHeaders;
  readonly localSdp: string;
  /** Where it is sent, when that is not where the Request-URI points: `sip:HOST:PORT;transport=tcp`. */
  readonly proxy?: string;
  /** Answers one challenge. */
  readonly auth?: { readonly username: string; readonly password: string };
}

/** What `createUAC` rejects with when the far end has refused. */
export interface SipRefusal extends Error {
  readonly status: number;
  readonly res?: SipReply;
}

/** A connection to a drachtio-server. */
export interface SignallingClient {
  connect(options: {
    host: string;
    port: number;
    secret: string;
    reconnect?: { retryMaxDelay?: number; maxAttempts?: number };
  }): void;
  invite(handler: (request: SipRequest, response: SipResponse) => void): void;
  options(handler: (request: SipRequest, response: SipResponse) => void): void;
  register(handler: (request: SipRequest, response: SipResponse) => void): void;
  use(method: string, handler: (request: SipRequest, response: SipResponse) => void): void;
  createUAS(
    request: SipRequest,
    response: SipResponse,
    options: { localSdp: string; headers?: SipHeaders },
  ): Promise<SipDialog>;
  /**
   * Sends an INVITE and acknowledges its answer. Rejects with a `SipRefusal`, or with another error where it could not be sent. It changes
   * `options`.
   */
  createUAC(
    uri: string,
    options: InviteOptions,
    events: {
      readonly cbRequest: (error: unknown, request?: SentRequest) => void;
      readonly cbProvisional: (reply: SipReply) => void;
    },
  ): Promise<SipDialog>;
  /** `connect` with an error when authentication failed; `error`, `close`, `reconnecting` of the socket. */
  on(event: 'connect', listener: (error: unknown, hostport: string) => void): void;
  on(event: 'error' | 'close' | 'reconnecting', listener: (error?: unknown) => void): void;
}

export function createSignallingClient(): SignallingClient {
  return new SrfImplementation() as unknown as SignallingClient;
}

/** Private to drachtio-srf: what is beneath a client that has been told to connect. */
interface Agent {
  readonly mapServer: ReadonlyMap<Socket, unknown>;
  readonly wp: EventEmitter & {
    closing: boolean;
    readonly reconnectVars: { readonly retryTimer: NodeJS.Timeout | null };
  };
}

function agentOf(client: SignallingClient): Agent {
  return (client as unknown as { app: { client: Agent } }).app.client;
}

/**
 * Ends a client's connection and its attempts to connect. drachtio-srf's own `disconnect` throws where there is no connection, leaves the
 * next attempt on its way, and then keeps what it finds.
 */
export function disconnect(client: SignallingClient): void {
  const { mapServer, wp } = agentOf(client);
  wp.closing = true;
  clearTimeout(wp.reconnectVars.retryTimer ?? undefined);
  wp.on('connect', (socket: Socket) => socket.destroy());
  for (const socket of mapServer.keys()) {
    socket.end();
    // A far end that keeps its half open does not keep the process.
    socket.unref();
  }
}

/** Turns Nagle's algorithm off; drachtio-srf does so for its first connection only. */
export function sendAtOnce(client: SignallingClient): void {
  for (const socket of agentOf(client).mapServer.keys()) socket.setNoDelay(true);
}
