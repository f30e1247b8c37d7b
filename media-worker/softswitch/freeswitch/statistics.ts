/** Counting sessions, for `status` and HEARTBEAT. */

import { availableParallelism, loadavg } from 'node:os';
import { type Core, VERSION } from './core.ts';
import type { Header } from './event.ts';

/** Counts a new session and gives its number. */
export function beginSession(core: Core): number {
  const { counters } = core;
  const now = Date.now();
  counters.sinceStartup += 1;
  counters.recent = [...counters.recent.filter((at) => at > now - 1000), now];
  counters.peakPerSecond = Math.max(counters.peakPerSecond, counters.recent.length);
  counters.peak = Math.max(counters.peak, core.channels.size + 1);
  return counters.sinceStartup;
}

/** FreeSWITCH's default limit of sessions per second (the recordings have 80). */
const SESSIONS_PER_SECOND = 80;

export function upTime(core: Core): string {
  const ms = Date.now() - core.counters.startedAt;
  const seconds = Math.floor(ms / 1000);
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  const years = Math.floor(days / 365);
  return `${years} years, ${days % 365} days, ${hours} hours, ${minutes} minutes, ${seconds % 60} seconds, ${ms % 1000} milliseconds, 0 microseconds`;
}

function idle(): string {
  return Math.max(0, Math.min(100, 100 - ((loadavg()[0] ?? 0) * 100) / availableParallelism())).toFixed(6);
}

/** The headers of HEARTBEAT (21); drachtio-fsmrf reads Max-Sessions, Session-Count, Session-Per-Sec, Idle-CPU and the version. */
export function heartbeatHeaders(core: Core): Header[] {
  const { counters } = core;
  const now = Date.now();
  const lastSecond = counters.recent.filter((at) => at > now - 1000).length;
  return [
    ['Event-Info', 'System Ready'],
    ['Up-Time', upTime(core)],
    ['FreeSWITCH-Version', VERSION],
    ['Uptime-msec', String(now - counters.startedAt)],
    ['Session-Count', String(core.channels.size)],
    ['Max-Sessions', String(core.maxSessions)],
    ['Session-Per-Sec', String(SESSIONS_PER_SECOND)],
    ['Session-Per-Sec-Last', String(lastSecond)],
    ['Session-Per-Sec-Max', String(counters.peakPerSecond)],
    ['Session-Per-Sec-FiveMin', String(counters.peakPerSecond)],
    ['Session-Since-Startup', String(counters.sinceStartup)],
    ['Session-Peak-Max', String(counters.peak)],
    ['Session-Peak-FiveMin', String(counters.peak)],
    ['Idle-CPU', idle()],
  ];
}

/** The output of `status` (21). */
export function statusText(core: Core): string {
  const { counters } = core;
  const now = counters.recent.filter((at) => at > Date.now() - 1000).length;
  return [
    `UP ${upTime(core)}`,
    'FreeSWITCH (Version 1.10.12-release git a88d069 2024-08-02 21:02:27Z 64bit) is ready',
    `${counters.sinceStartup} session(s) since startup`,
    `${core.channels.size} session(s) - peak ${counters.peak}, last 5min ${counters.peak} `,
    `${now} session(s) per Sec out of max ${SESSIONS_PER_SECOND}, peak ${counters.peakPerSecond}, last 5min ${counters.peakPerSecond} `,
    `${core.maxSessions} session(s) max`,
    `min idle cpu 0.00/${Number(idle()).toFixed(2)}`,
    'Current Stack Size/Max 240K/8192K',
    '',
  ].join('\n');
}

export interface PacketTotals {
  readonly sent: number;
  readonly received: number;
  readonly lost: number;
  readonly late: number;
  readonly sentLate: number;
}

function add(total: PacketTotals, more: PacketTotals): PacketTotals {
  return {
    sent: total.sent + more.sent,
    received: total.received + more.received,
    lost: total.lost + more.lost,
    late: total.late + more.late,
    sentLate: total.sentLate + more.sentLate,
  };
}

/** Counts the packets of a channel that ends. */
export function endSession(core: Core, packets: PacketTotals): void {
  core.counters.packets = add(core.counters.packets, packets);
}

export function packetTotals(core: Core): PacketTotals {
  let total = core.counters.packets;
  for (const channel of core.channels.values()) total = add(total, channel.rtp.statistics);
  return total;
}
