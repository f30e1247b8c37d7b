/** The part of drachtio-fsmrf that the media worker uses, typed; the package has no declarations. The only file that touches it. */
import type { Server, Socket } from 'node:net';
// @ts-expect-error drachtio-fsmrf ships no types
import MrfImplementation from 'drachtio-fsmrf';
import type { SignallingClient, SipDialog } from '../sip/srf.ts';

export interface EslEvent {
  getHeader(name: string): string | undefined;
  getBody(): string | undefined;
}

export interface FsmrfEndpoint {
  readonly uuid: string;
  readonly local: { readonly sdp: string };
  readonly conn: { readonly socket: Socket } | undefined;
  /** Our call to FreeSWITCH; null once FreeSWITCH has hung up. */
  readonly dialog: Pick<SipDialog, 'connected' | 'destroy'> | null;
  on(event: 'dtmf', listener: (args: { dtmf: string; duration: string; source: string }) => void): void;
  on(event: 'destroy', listener: (args?: { reason?: string }) => void): void;
  on(event: 'playback-start', listener: (args: { file?: string }) => void): void;
  removeAllListeners(): void;
  removeListener(event: string, listener: (...args: never[]) => void): void;
  execute(app: string, arg: string, callback: (error: unknown, event: EslEvent) => void): void;
  api(command: string, args: string, callback: (error: unknown, response?: EslEvent) => void): void;
  modify(sdp: string): Promise<string>;
  destroy(): Promise<void>;
}

export interface FsmrfMediaServer {
  readonly conn: { on(event: string, listener: (...args: unknown[]) => void): void };
  /** Private there: the server that FreeSWITCH connects to. */
  readonly _server: { readonly server: Server };
  readonly sip: { readonly ipv4: { readonly udp: { readonly address?: string } } };
  readonly currentSessions: number;
  readonly maxSessions: number;
  on(event: 'end' | 'error', listener: (error?: unknown) => void): void;
  connected(): boolean;
  createEndpoint(options: { remoteSdp?: string; headers?: Readonly<Record<string, string>> }): Promise<FsmrfEndpoint>;
  api(command: string): Promise<string>;
  disconnect(): void;
}

export interface FsmrfClient {
  connect(options: {
    address: string;
    port: number;
    secret: string;
    listenAddress: string;
    listenPort: number;
    advertisedAddress?: string;
    profile?: string;
  }): Promise<FsmrfMediaServer>;
}

export function createFsmrfClient(signalling: SignallingClient): FsmrfClient {
  return new MrfImplementation(signalling) as FsmrfClient;
}
