/** Offers, answers and the far end's media as FreeSWITCH writes and reads them (30, 40). G.711 and telephone-event only. */

import { parse } from 'sdp-transform';
import type { RemoteMedia } from '../rtp/types.ts';

type Direction = RemoteMedia['direction'];

/** What an offer or answer of the far end comes to. */
export interface Negotiated {
  readonly remote: RemoteMedia;
  /** Our direction in the answer. */
  readonly direction: Direction;
  /** For each m-line of the offer: whether it is the one taken, and its kind and protocol. */
  readonly lines: readonly { readonly taken: boolean; readonly type: string; readonly protocol: string }[];
}

const MIRROR: Readonly<Record<Direction, Direction>> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
};

const STATIC: Readonly<Record<number, 'PCMU' | 'PCMA'>> = { 0: 'PCMU', 8: 'PCMA' };

/** Undefined when there is nothing in common (488). The far end's order of codecs decides. */
export function negotiate(sdp: string): Negotiated | undefined {
  let session: ReturnType<typeof parse>;
  try {
    session = parse(sdp);
  } catch {
    return undefined;
  }
  let found: Omit<Negotiated, 'lines'> | undefined;
  const lines: { taken: boolean; type: string; protocol: string }[] = [];
  for (const media of session.media ?? []) {
    const line = { taken: false, type: media.type, protocol: media.protocol };
    lines.push(line);
    if (found !== undefined || media.type !== 'audio' || !/^RTP\/AVPF?$/.test(media.protocol)) continue;
    const address = media.connection?.ip ?? session.connection?.ip;
    const codec = codecOf(media);
    if (address === undefined || codec === undefined) continue;
    const event = media.rtp?.find(
      (rtp) => rtp.codec.toLowerCase() === 'telephone-event' && (rtp.rate ?? 8000) === 8000,
    );
    const held = address === '0.0.0.0' || media.port === 0;
    const direction = held ? 'inactive' : directionOf(media.direction ?? session.direction);
    line.taken = true;
    found = {
      remote: {
        address,
        port: media.port,
        ...codec,
        ...(event === undefined ? {} : { eventPayloadType: event.payload }),
        direction,
      },
      direction: MIRROR[direction],
    };
  }
  return found === undefined ? undefined : { ...found, lines };
}

function directionOf(text: string | undefined): Direction {
  return text === 'sendonly' || text === 'recvonly' || text === 'inactive' ? text : 'sendrecv';
}

function codecOf(
  media: ReturnType<typeof parse>['media'][number],
): { readonly codec: 'PCMU' | 'PCMA'; readonly payloadType: number } | undefined {
  for (const payload of String(media.payloads ?? '')
    .split(' ')
    .map(Number)) {
    const mapped = media.rtp?.find((rtp) => rtp.payload === payload)?.codec.toUpperCase();
    const codec = mapped ?? STATIC[payload];
    if (codec === 'PCMU' || codec === 'PCMA') return { codec, payloadType: payload };
  }
  return undefined;
}

export interface LocalMedia {
  readonly address: string;
  readonly port: number;
  readonly sessionId: number;
  readonly version: number;
}

function head(local: LocalMedia): string[] {
  const family = local.address.includes(':') ? 'IP6' : 'IP4';
  return [
    'v=0',
    `o=FreeSWITCH ${local.sessionId} ${local.version} IN ${family} ${local.address}`,
    's=FreeSWITCH',
    `c=IN ${family} ${local.address}`,
    't=0 0',
  ];
}

function text(lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n`;
}

/** The answer to an offer; `a=sendrecv` is left out, as FreeSWITCH does. Other m-lines are refused. */
export function answerTo(negotiated: Negotiated, local: LocalMedia): string {
  const { remote, direction } = negotiated;
  const lines = head(local);
  for (const line of negotiated.lines) {
    if (!line.taken) lines.push(`m=${line.type} 0 ${line.protocol} 19`);
    else lines.push(...audioLines(local, remote.payloadType, remote.codec, remote.eventPayloadType, direction));
  }
  return text(lines);
}

function audioLines(
  local: LocalMedia,
  payloadType: number,
  codec: string,
  event: number | undefined,
  direction: Direction,
): string[] {
  const lines = [
    `m=audio ${local.port} RTP/AVP ${payloadType}${event === undefined ? '' : ` ${event}`}`,
    `a=rtpmap:${payloadType} ${codec}/8000`,
  ];
  if (event !== undefined) lines.push(`a=rtpmap:${event} telephone-event/8000`, `a=fmtp:${event} 0-15`);
  if (direction !== 'sendrecv') lines.push(`a=${direction}`);
  lines.push('a=ptime:20');
  return lines;
}

/**
 * The offer in the 200 to an INVITE without one. FreeSWITCH offers each codec over SRTP as well, in an m-line of its own, and Opus
 * and G.722; the stand-in has neither.
 */
export function offer(local: LocalMedia): string {
  return text([
    ...head(local),
    `m=audio ${local.port} RTP/AVP 0 8 101`,
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-15',
    'a=ptime:20',
  ]);
}

/** `variable_rtp_local_sdp_str`, which drachtio-fsmrf sends to the caller: with `a=sendrecv` written out. */
export function withDirection(sdp: string): string {
  return /^a=(sendrecv|sendonly|recvonly|inactive)\r?$/m.test(sdp) ? sdp : `${sdp}a=sendrecv\r\n`;
}
