/**
 * RTP packets (RFC 3550 section 5.1). Parsing writes into an object that is used again and never copies the payload, so that
 * receiving costs no allocation beyond the datagram's own.
 */

/** Fixed part of the header, in bytes; what we send has no CSRCs and no extension. */
export const RTP_HEADER_BYTES = 12;

/** The header fields of one packet, and where in the datagram its payload lies. */
export interface RtpPacket {
  payloadType: number;
  marker: boolean;
  /** 16 bits. */
  sequence: number;
  /** 32 bits, in units of the payload's clock (8000 Hz for G.711). */
  timestamp: number;
  ssrc: number;
  /** Offsets into the datagram, padding excluded. */
  payloadStart: number;
  payloadEnd: number;
}

export function emptyRtpPacket(): RtpPacket {
  return { payloadType: 0, marker: false, sequence: 0, timestamp: 0, ssrc: 0, payloadStart: 0, payloadEnd: 0 };
}

/** Reads a datagram into `packet`. False for anything that is no RTP packet of version 2 (the fields are then undefined). */
export function parseRtp(data: Uint8Array, packet: RtpPacket): boolean {
  const length = data.length;
  if (length < RTP_HEADER_BYTES) return false;
  const first = data[0]!;
  if (first >> 6 !== 2) return false;
  let start = RTP_HEADER_BYTES + (first & 0x0f) * 4;
  if ((first & 0x10) !== 0) {
    if (start + 4 > length) return false;
    start += 4 + ((data[start + 2]! << 8) | data[start + 3]!) * 4;
  }
  let end = length;
  if ((first & 0x20) !== 0) {
    const padding = data[length - 1]!;
    if (padding === 0) return false;
    end -= padding;
  }
  if (start > end) return false;
  const second = data[1]!;
  // RTCP multiplexed on the port (RFC 5761 section 4): packet types 192..223 are no RTP payload types.
  if (second >= 192 && second <= 223) return false;
  packet.payloadType = second & 0x7f;
  packet.marker = second >> 7 === 1;
  packet.sequence = (data[2]! << 8) | data[3]!;
  packet.timestamp = ((data[4]! << 24) | (data[5]! << 16) | (data[6]! << 8) | data[7]!) >>> 0;
  packet.ssrc = ((data[8]! << 24) | (data[9]! << 16) | (data[10]! << 8) | data[11]!) >>> 0;
  packet.payloadStart = start;
  packet.payloadEnd = end;
  return true;
}

/** Writes the twelve bytes of a header at the start of `data`. */
export function writeRtpHeader(
  data: Uint8Array,
  payloadType: number,
  marker: boolean,
  sequence: number,
  timestamp: number,
  ssrc: number,
): void {
  data[0] = 0x80;
  data[1] = (marker ? 0x80 : 0) | (payloadType & 0x7f);
  data[2] = sequence >>> 8;
  data[3] = sequence;
  data[4] = timestamp >>> 24;
  data[5] = timestamp >>> 16;
  data[6] = timestamp >>> 8;
  data[7] = timestamp;
  data[8] = ssrc >>> 24;
  data[9] = ssrc >>> 16;
  data[10] = ssrc >>> 8;
  data[11] = ssrc;
}

/** `a - b` of two sequence numbers, -32768..32767: positive when `a` is the later one. */
export function sequenceDifference(a: number, b: number): number {
  return ((a - b) << 16) >> 16;
}

/** `a - b` of two timestamps, as a signed 32-bit number. */
export function timestampDifference(a: number, b: number): number {
  return (a - b) | 0;
}
