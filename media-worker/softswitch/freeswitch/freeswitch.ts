/**
 * A stand-in for FreeSWITCH 1.10.12 as drachtio-fsmrf and drachtio-modesl use it: a SIP profile that answers their INVITEs, an event
 * socket, media. The recordings in `spec/wire/` say how it must behave.
 */

import { hostname } from 'node:os';
import type { ClockedRtpPorts } from '../rtp/ports.ts';
import { createUserAgent } from '../sip/user-agent.ts';
import { takeCall } from './call.ts';
import { type Core, createCore, type Log } from './core.ts';
import { listenForEventSockets } from './esl/server.ts';
import { heartbeatHeaders, type PacketTotals, packetTotals } from './statistics.ts';

export interface FreeswitchOptions {
  readonly esl: {
    readonly host: string;
    /** 0 takes a free port. */
    readonly port: number;
    readonly password: string;
    /** Addresses that may connect; others get `text/rude-rejection`. Default: all. */
    readonly allow?: (address: string) => boolean;
  };
  readonly sip: { readonly host: string; readonly port: number };
  readonly rtp: ClockedRtpPorts;
  /** Between HEARTBEAT events, in milliseconds. */
  readonly heartbeatMs: number;
  /** Calls past this get 503. */
  readonly maxSessions: number;
  readonly log?: Log;
}

export interface Freeswitch {
  readonly eslPort: number;
  readonly sipPort: number;
  /** Channels now. */
  readonly sessions: number;
  readonly conferences: number;
  /** Event sockets of both kinds now. */
  readonly connections: number;
  /** RTP packets of every call so far, those in progress included. */
  packets(): PacketTotals;
  /** Hangs up every call and ends everything. Idempotent. Does not close the RTP ports, which are the caller's. */
  close(): Promise<void>;
}

/** Rejects when a port cannot be bound. */
export async function startFreeswitch(options: FreeswitchOptions): Promise<Freeswitch> {
  const core = createCore({
    host: options.sip.host,
    hostname: hostname(),
    rtp: options.rtp,
    maxSessions: options.maxSessions,
    log: options.log ?? (() => {}),
  });
  const esl = await listenForEventSockets({ core, ...options.esl });
  let agent: Awaited<ReturnType<typeof createUserAgent>>;
  try {
    agent = await createUserAgent({
      ...options.sip,
      transports: ['udp', 'tcp'],
      user: 'mod_sofia',
      userAgent: 'FreeSWITCH-mrf',
    });
  } catch (error) {
    await esl.close();
    throw error;
  }
  core.sip.port = agent.udpPort;
  agent.onInvite = (call) => takeCall(core, call);
  const heartbeat = setInterval(() => core.fire('HEARTBEAT', () => heartbeatHeaders(core)), options.heartbeatMs);
  let closing: Promise<void> | undefined;
  return {
    eslPort: esl.port,
    sipPort: agent.udpPort,
    get sessions() {
      return core.channels.size;
    },
    get conferences() {
      return core.conferences.size;
    },
    get connections() {
      return esl.connections + [...core.channels.values()].filter((channel) => channel.socket !== undefined).length;
    },
    packets: () => packetTotals(core),
    close() {
      closing ??= shutDown();
      return closing;
    },
  };

  async function shutDown(): Promise<void> {
    clearInterval(heartbeat);
    agent.onInvite = undefined;
    const channels = [...core.channels.values()];
    for (const channel of channels) channel.hangup('MANAGER_REQUEST', { side: 'abrupt' });
    await Promise.all(channels.map((channel) => channel.gone));
    await Promise.all([agent.close(), esl.close(), core.mp3.close()]);
    await settle(core);
  }
}

/** Waits for work under way, which may start more. */
async function settle(core: Core): Promise<void> {
  while (core.pending.size > 0) await Promise.all(core.pending);
}
