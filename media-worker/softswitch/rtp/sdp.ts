import { isIP, isIPv6 } from 'node:net';
import { type MediaDescription, parse, type SessionDescription, write } from 'sdp-transform';
import { type Fault, fault } from '../../../crds/errors/fault.ts';
import { softswitchCodes } from '../../../crds/errors/softswitch.ts';
import { EVENT_DIGITS } from './telephone-event.ts';
import { FRAME_MS, type RemoteMedia } from './types.ts';

export type Codec = RemoteMedia['codec'];
export type Direction = RemoteMedia['direction'];

/** Our side of a session. */
export interface LocalMedia {
  /** IP address and port of the `RtpSession`. */
  readonly address: string;
  readonly port: number;
  /** What we take, the preferred first. Default PCMU, PCMA. */
  readonly codecs?: readonly Codec[];
  /** What we want to do; an answer is limited to what the offer allows. Default sendrecv. */
  readonly direction?: Direction;
  /** Leave `a=sendrecv` out, which is the default, as FreeSWITCH does. */
  readonly sendrecvImplied?: boolean;
  /** `o=` and `s=`. Default `-`. */
  readonly name?: string;
  /** `o=`: the same for all descriptions of a session, and one more for each that differs (RFC 3264 section 8). */
  readonly sessionId?: number;
  readonly sessionVersion?: number;
}

/** Payload type of `telephone-event` in our offers, as FreeSWITCH has it. */
const OFFERED_EVENTS = 101;
const STATIC_TYPES: Readonly<Record<Codec, number>> = { PCMU: 0, PCMA: 8 };
const DEFAULT_CODECS: readonly Codec[] = ['PCMU', 'PCMA'];
/** Protocols in which we can take part; `RTP/SAVP` and the rest are refused line by line. */
const PLAIN_RTP: readonly string[] = ['RTP/AVP', 'RTP/AVPF'];
const MAX_SDP = 64 * 1024;

const MIRRORED: Readonly<Record<Direction, Direction>> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
};

export function makeOffer(local: LocalMedia): string {
  const codecs = local.codecs ?? DEFAULT_CODECS;
  const types = codecs.map((codec) => ({ payload: STATIC_TYPES[codec], codec, rate: 8000 }));
  return write({
    ...sessionOf(local),
    media: [audioLine(local, types, OFFERED_EVENTS, local.direction ?? 'sendrecv', 'RTP/AVP')],
  });
}

/** An offer of the far end that can be answered. */
export interface ReadOffer {
  readonly remote: RemoteMedia;
  answer(local: LocalMedia): string;
}

/**
 * Reads an offer (RFC 3264 section 6): the first plain RTP audio stream with PCMU or PCMA is taken, with the first of the offer's
 * codecs that is in `codecs`; the answer refuses every other stream by port 0. A fault stands for a 488.
 */
export function readOffer(offer: string, codecs: readonly Codec[] = DEFAULT_CODECS): ReadOffer | Fault {
  const session = parseSdp(offer);
  if ('code' in session) return session;
  const taken = audioOf(session, codecs);
  if ('code' in taken) return taken;
  const { media: stream, remote } = taken;
  return {
    remote,
    answer(local) {
      const direction = common(MIRRORED[remote.direction], local.direction ?? 'sendrecv');
      const types = [{ payload: remote.payloadType, codec: remote.codec, rate: 8000 }];
      const lines = session.media.map((media) =>
        media === stream
          ? audioLine(local, types, remote.eventPayloadType, direction, media.protocol)
          : refusedLine(media),
      );
      return write({ ...sessionOf(local), media: lines });
    },
  };
}

/** Reads and answers an offer at once. */
export function answerOffer(offer: string, local: LocalMedia): { sdp: string; remote: RemoteMedia } | Fault {
  const read = readOffer(offer, local.codecs);
  return 'code' in read ? read : { sdp: read.answer(local), remote: read.remote };
}

/** Reads the answer to an offer of ours. */
export function readAnswer(answer: string): RemoteMedia | Fault {
  const session = parseSdp(answer);
  if ('code' in session) return session;
  const taken = audioOf(session, DEFAULT_CODECS);
  return 'code' in taken ? taken : taken.remote;
}

/** The first stream that can be taken, or why the first that cannot is not. */
function audioOf(
  session: SessionDescription,
  codecs: readonly Codec[],
): { readonly media: MediaDescription; readonly remote: RemoteMedia } | Fault {
  let why: Fault | undefined;
  for (const media of session.media) {
    const remote = remoteOf(session, media, codecs);
    if (!('code' in remote)) return { media, remote };
    why ??= remote;
  }
  return why ?? fault(softswitchCodes.badSdp, 'the session description has no audio stream');
}

/** The library is lenient, so what matters to us is looked at here. */
function parseSdp(text: string): SessionDescription | Fault {
  if (text.length > MAX_SDP) return fault(softswitchCodes.badSdp, 'the session description is too long');
  if (!/^v=0\s/.test(text)) return fault(softswitchCodes.badSdp, 'what came is no session description');
  try {
    const session = parse(text);
    return { ...session, media: session.media ?? [] };
  } catch {
    return fault(softswitchCodes.badSdp, 'the session description cannot be parsed');
  }
}

function remoteOf(session: SessionDescription, media: MediaDescription, codecs: readonly Codec[]): RemoteMedia | Fault {
  if (media.type !== 'audio') return fault(softswitchCodes.badSdp, `a stream of ${media.type} cannot be taken`);
  if (media.port === 0) return fault(softswitchCodes.badSdp, 'the audio stream is refused (port 0)');
  if (!Number.isInteger(media.port) || media.port < 0 || media.port > 65535) {
    return fault(softswitchCodes.badSdp, 'the audio stream has no valid port');
  }
  if (!PLAIN_RTP.includes(media.protocol)) {
    return fault(softswitchCodes.noCommonCodec, `${media.protocol} cannot be taken, only RTP/AVP`);
  }
  const address = media.connection?.ip ?? session.connection?.ip ?? '';
  if (isIP(address) === 0) return fault(softswitchCodes.badSdp, `the media address "${address}" is no IP address`);
  const types = String(media.payloads ?? '')
    .split(/\s+/)
    .map(Number);
  const chosen = types
    .map((payload) => ({ payload, codec: codecOf(media, payload) }))
    .find(({ codec }) => codec !== undefined && codecs.includes(codec));
  if (chosen?.codec === undefined) {
    const offered = (media.rtp ?? []).map(({ codec, rate }) => `${codec}/${rate}`).join(', ') || types.join(' ');
    return fault(
      softswitchCodes.noCommonCodec,
      `no codec in common: the far end has ${offered}; we have ${codecs.join(', ')}`,
    );
  }
  const events = (media.rtp ?? []).find(
    ({ codec, rate, payload }) =>
      codec.toLowerCase() === 'telephone-event' && (rate ?? 8000) === 8000 && types.includes(payload),
  );
  const direction = directionOf(media.direction ?? session.direction);
  return {
    address,
    port: media.port,
    codec: chosen.codec,
    payloadType: chosen.payload,
    ...(events === undefined ? {} : { eventPayloadType: events.payload }),
    // RFC 2543's way of putting a call on hold (RFC 3264 section 8.4).
    direction: address === '0.0.0.0' && direction === 'sendrecv' ? 'sendonly' : direction,
  };
}

function codecOf(media: MediaDescription, payload: number): Codec | undefined {
  const mapped = (media.rtp ?? []).find((rtp) => rtp.payload === payload);
  const name = mapped?.codec.toUpperCase();
  if (mapped !== undefined)
    return (name === 'PCMU' || name === 'PCMA') && (mapped.rate ?? 8000) === 8000 ? name : undefined;
  return DEFAULT_CODECS.find((codec) => STATIC_TYPES[codec] === payload);
}

function directionOf(text: string | undefined): Direction {
  return text === 'sendonly' || text === 'recvonly' || text === 'inactive' ? text : 'sendrecv';
}

/** What both allow. */
function common(a: Direction, b: Direction): Direction {
  const send = sends(a) && sends(b);
  const receive = receives(a) && receives(b);
  if (send) return receive ? 'sendrecv' : 'sendonly';
  return receive ? 'recvonly' : 'inactive';
}

function sends(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'sendonly';
}

function receives(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'recvonly';
}

function sessionOf(local: LocalMedia): Omit<SessionDescription, 'media'> {
  const ipVer = isIPv6(local.address) ? 6 : 4;
  const name = local.name ?? '-';
  const sessionId = local.sessionId ?? 1;
  return {
    version: 0,
    origin: {
      username: name,
      sessionId,
      sessionVersion: local.sessionVersion ?? sessionId,
      netType: 'IN',
      ipVer,
      address: local.address,
    },
    name,
    connection: { version: ipVer, ip: local.address },
    timing: { start: 0, stop: 0 },
  };
}

function audioLine(
  local: LocalMedia,
  types: readonly { payload: number; codec: string; rate: number }[],
  events: number | undefined,
  direction: Direction,
  protocol: string,
): MediaDescription {
  const rtp = [...types];
  if (events !== undefined) rtp.push({ payload: events, codec: 'telephone-event', rate: 8000 });
  return {
    type: 'audio',
    port: local.port,
    protocol,
    payloads: rtp.map(({ payload }) => payload).join(' '),
    rtp,
    fmtp: events === undefined ? [] : [{ payload: events, config: `0-${EVENT_DIGITS.length - 1}` }],
    ptime: FRAME_MS,
    ...(direction === 'sendrecv' && local.sendrecvImplied === true ? {} : { direction }),
  };
}

/** RFC 3264 section 6: a refused stream keeps its place and its formats. */
function refusedLine(media: MediaDescription): MediaDescription {
  return {
    type: media.type,
    port: 0,
    protocol: media.protocol,
    payloads: String(media.payloads ?? '0'),
    rtp: [],
    fmtp: [],
  };
}
