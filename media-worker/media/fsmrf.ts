/** The part of drachtio-fsmrf that the media worker uses, typed; the package has no declarations. The only file that touches it. */
import type { Server, Socket } from 'node:net';
// @ts-expect-error drachtio-fsmrf ships no types
import MrfImplementation from 'drachtio-fsmrf';
import type { SignallingClient, SipDialog } from '../sip/srf.ts';
import { checkFreeSwitch, type FreeSwitchAddress } from './check-freeswitch.ts';

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

/** The inbound event socket; it connects again by itself. */
export interface FsmrfConnection {
  /** Private there. Without a longest pause, pauses between attempts grow without end. */
  reconnectOpts: { retryMaxDelay?: number };
  on(event: 'esl::end' | 'esl::ready', listener: () => void): void;
  removeAllListeners(event: 'esl::end' | 'esl::ready'): void;
}

export interface FsmrfMediaServer {
  readonly conn: FsmrfConnection;
  /** Private there: the server that FreeSWITCH connects to. */
  readonly _server: { readonly server: Server };
  /** Where it sends the INVITEs of endpoints; it reads that once, at its first connection. */
  readonly sip: { readonly ipv4: { readonly udp: { address?: string } } };
  on(event: 'error', listener: (error?: unknown) => void): void;
  connected(): boolean;
  createEndpoint(options: { remoteSdp?: string; headers?: Readonly<Record<string, string>> }): Promise<FsmrfEndpoint>;
  disconnect(): void;
}

export interface FsmrfClient {
  /** Looks whether FreeSWITCH can be worked with; resolves with the SIP address for endpoints (see `checkFreeSwitch`). */
  check(freeswitch: Omit<FreeSwitchAddress, 'profile'>, signal: AbortSignal): Promise<string>;
  /** Only where `check` has found all well. */
  connect(options: {
    address: string;
    port: number;
    secret: string;
    listenAddress: string;
    listenPort: number;
    advertisedAddress?: string;
  }): Promise<FsmrfMediaServer>;
}

/** Name of the SIP profile in FreeSWITCH that endpoints are made on; drachtio-fsmrf's own default. */
const PROFILE = 'drachtio_mrf';

export function createFsmrfClient(signalling: SignallingClient): FsmrfClient {
  const mrf = new MrfImplementation(signalling) as { connect(options: object): Promise<FsmrfMediaServer> };
  return {
    check: (freeswitch, signal) => checkFreeSwitch({ ...freeswitch, profile: PROFILE }, signal),
    connect: (options) => mrf.connect({ ...options, profile: PROFILE }),
  };
}
