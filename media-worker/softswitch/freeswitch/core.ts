/**
 * What one FreeSWITCH stand-in shares among its connections, channels and conferences: the event system, the registries, the
 * counters. Holds no behaviour of its own beyond making and delivering events.
 */

import { randomUUID } from 'node:crypto';
import { createMp3Decoder, type Mp3Decoder } from '../audio/mp3-decoder.ts';
import type { ClockedRtpPorts } from '../rtp/ports.ts';
import type { Channel } from './channel.ts';
import type { Conference } from './conference/conference.ts';
import type { Header, SwitchEvent } from './event.ts';
import { originOf } from './event-names.ts';
import type { PacketTotals } from './statistics.ts';

export const VERSION = '1.10.12-release+git~20240802T210227Z~a88d069d6f~64bit';
export const PROFILE = 'drachtio_mrf';

export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields?: Record<string, unknown>,
) => void;

export interface EventListener {
  /** Cheap test before an event is built. `uuid` is the channel's, where the event has one. */
  wants(name: string, subclass: string | undefined, uuid: string | undefined): boolean;
  deliver(event: SwitchEvent): void;
}

export interface FireOptions {
  readonly subclass?: string;
  readonly uuid?: string;
  readonly body?: string;
  /** File, function and line where FreeSWITCH makes this event, when not the usual ones of its name. */
  readonly origin?: readonly [string, string, string];
}

export interface Counters {
  readonly startedAt: number;
  sinceStartup: number;
  peak: number;
  /** Times (ms) of the sessions begun within the last second. */
  recent: number[];
  peakPerSecond: number;
  /** The last conference member's number. */
  conferenceMembers: number;
  /** Of the channels that have ended. */
  packets: PacketTotals;
}

export interface Core {
  readonly uuid: string;
  readonly hostname: string;
  /** Of the SIP profile; known once the user agent is bound. */
  readonly sip: { readonly host: string; port: number };
  readonly rtp: ClockedRtpPorts;
  /** Shared by all playbacks, so that an mp3 file does not cost a thread each. */
  readonly mp3: Mp3Decoder;
  readonly maxSessions: number;
  readonly channels: Map<string, Channel>;
  readonly conferences: Map<string, Conference>;
  readonly listeners: Set<EventListener>;
  readonly globals: Map<string, string>;
  readonly counters: Counters;
  readonly log: Log;
  /** Builds an event and delivers it; `headers` is called only when somebody listens. */
  fire(name: string, headers: () => readonly Header[], options?: FireOptions): void;
  /** The headers every event begins with. */
  baseHeaders(name: string, options?: FireOptions): Header[];
  /** Work under way that `close` waits for. */
  readonly pending: Set<Promise<unknown>>;
  /** Keeps `work` in `pending`; its failure is logged. */
  track(work: Promise<unknown>, what: string): void;
}

export interface CoreOptions {
  readonly host: string;
  readonly hostname: string;
  readonly rtp: ClockedRtpPorts;
  readonly maxSessions: number;
  readonly log: Log;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function localDate(date: Date): string {
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Microseconds since 1970, as FreeSWITCH writes times. */
export function microseconds(): string {
  return String(Math.round((performance.timeOrigin + performance.now()) * 1000));
}

export function createCore(options: CoreOptions): Core {
  let sequence = 0;
  const core: Core = {
    uuid: randomUUID(),
    hostname: options.hostname,
    sip: { host: options.host, port: 0 },
    rtp: options.rtp,
    mp3: createMp3Decoder(),
    maxSessions: options.maxSessions,
    channels: new Map(),
    conferences: new Map(),
    listeners: new Set(),
    globals: new Map([
      ['hostname', options.hostname],
      ['local_ip_v4', options.host],
      ['core_uuid', ''],
      ['sounds_dir', '/usr/local/freeswitch/sounds'],
      ['sound_prefix', '/usr/local/freeswitch/sounds/en/us/callie'],
    ]),
    counters: {
      startedAt: Date.now(),
      sinceStartup: 0,
      peak: 0,
      recent: [],
      peakPerSecond: 0,
      conferenceMembers: 0,
      packets: { sent: 0, received: 0, lost: 0, late: 0, sentLate: 0 },
    },
    log: options.log,
    pending: new Set(),
    baseHeaders(name, fireOptions = {}) {
      const now = new Date();
      const [file, func, line] = fireOptions.origin ?? originOf(name);
      sequence += 1;
      const headers: Header[] = fireOptions.subclass === undefined ? [] : [['Event-Subclass', fireOptions.subclass]];
      headers.push(
        ['Event-Name', name],
        ['Core-UUID', core.uuid],
        ['FreeSWITCH-Hostname', options.hostname],
        ['FreeSWITCH-Switchname', options.hostname],
        ['FreeSWITCH-IPv4', options.host],
        ['FreeSWITCH-IPv6', '::1'],
        ['Event-Date-Local', localDate(now)],
        ['Event-Date-GMT', now.toUTCString()],
        ['Event-Date-Timestamp', microseconds()],
        ['Event-Calling-File', file],
        ['Event-Calling-Function', func],
        ['Event-Calling-Line-Number', line],
        ['Event-Sequence', String(sequence)],
      );
      return headers;
    },
    fire(name, headers, fireOptions = {}) {
      let event: SwitchEvent | undefined;
      for (const listener of core.listeners) {
        if (!listener.wants(name, fireOptions.subclass, fireOptions.uuid)) continue;
        event ??= {
          name,
          subclass: fireOptions.subclass,
          headers: [...core.baseHeaders(name, fireOptions), ...headers()],
          body: fireOptions.body,
        };
        listener.deliver(event);
      }
    },
    track(work, what) {
      const watched = work
        .catch((error: unknown) => core.log('error', `${what} failed`, { error: String(error) }))
        .finally(() => core.pending.delete(watched));
      core.pending.add(watched);
    },
  };
  core.globals.set('core_uuid', core.uuid);
  return core;
}
