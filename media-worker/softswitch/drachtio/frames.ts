/**
 * Framing of drachtio's control protocol: `<decimal length>#<payload>`, the length in bytes of UTF-8. Frames are not terminated,
 * several may share a segment and one may be split anywhere.
 */

/** The server reads at most five digits. */
const MAX_DIGITS = 5;
export const MAX_FRAME_BYTES = 99_999;

export interface FrameReader {
  /** Payloads that became complete with this piece. `undefined` when the stream is not of this protocol: close it. */
  push(chunk: Buffer): string[] | undefined;
}

export function createFrameReader(): FrameReader {
  let waiting: Buffer = Buffer.alloc(0);
  return {
    push(chunk) {
      waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
      const payloads: string[] = [];
      for (;;) {
        const length = readLength(waiting);
        if (length === 'more') return payloads;
        if (length === 'bad') return undefined;
        const end = length.from + length.bytes;
        if (waiting.length < end) return payloads;
        payloads.push(waiting.toString('utf8', length.from, end));
        waiting = waiting.subarray(end);
      }
    },
  };
}

function readLength(data: Buffer): { bytes: number; from: number } | 'more' | 'bad' {
  let bytes = 0;
  for (let at = 0; at < data.length; at++) {
    const code = data[at]!;
    if (code === 35) return at === 0 || bytes === 0 ? 'bad' : { bytes, from: at + 1 };
    if (code < 48 || code > 57 || at >= MAX_DIGITS) return 'bad';
    bytes = bytes * 10 + (code - 48);
  }
  return 'more';
}

export function frame(payload: string): string {
  return `${Buffer.byteLength(payload)}#${payload}`;
}

/** A payload taken apart: the tokens of its leader line, and what follows the first CRLF. */
export interface Payload {
  readonly tokens: readonly string[];
  readonly text: string;
}

export function readPayload(payload: string): Payload {
  const end = payload.indexOf('\r\n');
  const leader = end < 0 ? payload : payload.slice(0, end);
  return { tokens: leader.split('|'), text: end < 0 ? '' : payload.slice(end + 2) };
}

/** `HH:MM:SS.ffffff`, as the server writes the time of day. */
export function timeOfDay(ms: number): string {
  return `${new Date(ms).toISOString().slice(11, 23)}000`;
}
