import { contentLengthOf } from './content-length.ts';
import { findHeaderEnd, leadingLineEnds, MAX_MESSAGE_BYTES } from './parse.ts';

export type Framed =
  | { readonly kind: 'message'; readonly data: Buffer }
  /** CRLF CRLF: a keep-alive that wants a CRLF back (RFC 5626 section 4.4.1). */
  | { readonly kind: 'ping' }
  /** The stream cannot be followed any more. `data` is the header section of the culprit, to be answered. */
  | { readonly kind: 'broken'; readonly data: Buffer };

export interface Framer {
  /** Takes a piece of the stream, gives what became complete with it. After `broken` it stays silent. */
  push(chunk: Buffer): Framed[];
  /** True while part of a message is waiting for its rest. */
  readonly partial: boolean;
}

/** Cuts a TCP stream into messages by Content-Length (RFC 3261 section 18.3); without that header the body is empty. */
export function createFramer(): Framer {
  let waiting: Buffer = Buffer.alloc(0);
  let searched = 0;
  let broken = false;

  function take(framed: Framed[]): boolean {
    const lineEnds = leadingLineEnds(waiting, 0);
    if (lineEnds > 0) {
      // A lone CRLF is a pong, or the tail of a message; two are a ping.
      if (lineEnds >= 4) framed.push({ kind: 'ping' });
      // Less than a whole ping may be the first half of one.
      if (lineEnds === waiting.length && lineEnds < 4) return false;
      waiting = waiting.subarray(lineEnds);
      searched = 0;
    }
    const section = findHeaderEnd(waiting, Math.max(0, searched - 4));
    searched = waiting.length;
    if (section === undefined) {
      if (waiting.length > MAX_MESSAGE_BYTES) giveUp(framed, waiting.subarray(0, 4096));
      return false;
    }
    const length = contentLengthOf(waiting.toString('latin1', 0, section.end));
    if (length === 'bad' || section.body + (length ?? 0) > MAX_MESSAGE_BYTES) {
      giveUp(framed, waiting.subarray(0, section.body));
      return false;
    }
    const whole = section.body + (length ?? 0);
    if (waiting.length < whole) {
      searched = 0;
      return false;
    }
    framed.push({ kind: 'message', data: waiting.subarray(0, whole) });
    waiting = waiting.subarray(whole);
    searched = 0;
    return waiting.length > 0;
  }

  function giveUp(framed: Framed[], data: Buffer): void {
    framed.push({ kind: 'broken', data });
    broken = true;
    waiting = Buffer.alloc(0);
  }

  return {
    push(chunk) {
      const framed: Framed[] = [];
      if (broken) return framed;
      waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
      while (take(framed));
      return framed;
    },
    get partial() {
      return waiting.length > 0;
    },
  };
}
