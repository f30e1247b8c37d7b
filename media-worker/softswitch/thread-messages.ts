/** What the softswitch is told, and what goes between it and its thread. Plain data: it is cloned. */

import type { Fault } from '../../crds/errors/fault.ts';

export interface SoftswitchSettings {
  /** Where phones call. Port 0 takes a free one. Default transports: both. */
  readonly sip: { readonly host: string; readonly port: number; readonly transports?: readonly ('udp' | 'tcp')[] };
  /** Where drachtio-srf connects. */
  readonly admin: { readonly host: string; readonly port: number; readonly secret: string };
  /** Where drachtio-fsmrf connects. */
  readonly esl: { readonly host: string; readonly port: number; readonly password: string };
  /** UDP ports for sound, both ends included; 0 to 0 takes whatever the machine gives. */
  readonly rtp: { readonly host: string; readonly from: number; readonly to: number };
  /** IP address that Contact, Via and SDP say instead of the bound one: behind NAT, or where the bound one is a wildcard. */
  readonly externalAddress?: string;
  /** Channels at once; calls past it get 503. Default 1000. */
  readonly maxSessions?: number;
  /** Between HEARTBEAT events. Default 20 s, as FreeSWITCH has it. */
  readonly heartbeatMs?: number;
}

export interface SoftswitchAddresses {
  readonly sipHost: string;
  /** 0 where the transport is not offered. */
  readonly sipPort: number;
  readonly tcpPort: number;
  readonly adminPort: number;
  readonly eslPort: number;
}

export interface SoftswitchStatistics {
  /** FreeSWITCH channels, and conferences. */
  readonly sessions: number;
  readonly conferences: number;
  /** Event sockets open. */
  readonly connections: number;
  /** SIP dialogs and transactions of the drachtio side. */
  readonly dialogs: number;
  readonly transactions: number;
  readonly rtp: {
    /** Ports in use, and what the range holds. */
    readonly inUse: number;
    readonly capacity: number;
    /** Packets of all calls so far. `sentLate`: more than 5 ms after their time. */
    readonly sent: number;
    readonly received: number;
    readonly lost: number;
    readonly late: number;
    readonly sentLate: number;
  };
  /** CPU time of the thread (of the process, when inline) so far, in milliseconds. */
  readonly cpuMs: number;
  readonly heapBytes: number;
}

export type ToThread = { readonly kind: 'statistics'; readonly id: number } | { readonly kind: 'close' };

export type FromThread =
  | { readonly kind: 'started'; readonly addresses: SoftswitchAddresses }
  | { readonly kind: 'failed'; readonly fault: Fault }
  | { readonly kind: 'statistics'; readonly id: number; readonly statistics: SoftswitchStatistics }
  | {
      readonly kind: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields: Record<string, unknown> | undefined;
    };
