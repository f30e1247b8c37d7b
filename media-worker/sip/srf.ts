/**
 * The part of drachtio-srf that the media worker uses, typed as it behaves. Its own declarations give wrong arities for `request` and
 * `destroy` and leave out `reconnecting`, options of `send`, and errors; this is the only file that touches the package.
 */
import type { EventEmitter } from 'node:events';
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
    event: 'modify' | 'info' | 'refer' | 'message',
    listener: (request: SipRequest, response: SipResponse) => void,
  ): void;
  on(event: 'ack', listener: (request: SipRequest) => void): void;
  destroy(options: { headers?: SipHeaders }, callback: (error: unknown) => void): void;
}

/** A connection to a drachtio-server. */
export interface SignallingClient {
  connect(options: {
    host: string;
    port: number;
    secret: string;
    reconnect?: { retryMaxDelay?: number; maxAttempts?: number };
  }): void;
  disconnect(): void;
  invite(handler: (request: SipRequest, response: SipResponse) => void): void;
  options(handler: (request: SipRequest, response: SipResponse) => void): void;
  register(handler: (request: SipRequest, response: SipResponse) => void): void;
  use(method: string, handler: (request: SipRequest, response: SipResponse) => void): void;
  createUAS(
    request: SipRequest,
    response: SipResponse,
    options: { localSdp: string; headers?: SipHeaders },
  ): Promise<SipDialog>;
  /** `connect` with an error when authentication failed; `error`, `close`, `reconnecting` of the socket. */
  on(event: 'connect', listener: (error: unknown, hostport: string) => void): void;
  on(event: 'error' | 'close' | 'reconnecting', listener: (error?: unknown) => void): void;
}

export function createSignallingClient(): SignallingClient {
  return new SrfImplementation() as unknown as SignallingClient;
}
