import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { findTone, type Sound, type Stretch } from './sound.ts';

export interface EarOptions {
  /** Address to listen at. Default 127.0.0.1. */
  readonly host?: string;
  /** Sends a frame of silence every 20 ms once it knows where to, as a phone does. Default true. */
  readonly silence?: boolean;
}

/**
 * The sound of a call whose signalling another program does: an RTP end with PCMU that remembers what it heard and can send RFC 4733
 * digits. (sipp can neither record nor, without root and libpcap, send digits.)
 */
export interface Ear {
  readonly host: string;
  readonly port: number;
  /** What has been heard so far, silence where packets are missing. Sample 0 is the first packet. */
  readonly heard: Sound;
  readonly packets: number;
  /** Packets that are missing between others. */
  readonly lost: number;
  /** Arrival of the first packet, `performance.now()`. */
  readonly firstPacketAt: number | undefined;
  /** Resolves when the first packet has come. */
  readonly hearing: Promise<void>;
  /** Resolves when a tone has lasted for `ms` (default 100). Waits for ever: give the test a limit. */
  tone(hertz: number, ms?: number): Promise<Stretch>;
  /** Resolves when what comes has been silent for `ms`, or has stopped to come, after there was sound. */
  quiet(ms?: number): Promise<void>;
  /** Where to send to; otherwise learnt from what comes. */
  setFarEnd(host: string, port: number): void;
  /** Sends digits, `durationMs` each (default 100) and as long apart, payload type 101. Waits until it knows where to. */
  sendDigits(digits: string, durationMs?: number): Promise<void>;
  close(): Promise<void>;
}

const FRAME = 160;
const FRAME_MS = 20;
const EVENTS = '0123456789*#ABCD';
const EVENT_PAYLOAD = 101;
const MULAW_SILENCE = 0xff;
/** Longest recording: an hour. */
const MAX_SAMPLES = 3600 * 8000;

export async function createEar(options: EarOptions = {}): Promise<Ear> {
  const { host = '127.0.0.1', silence = true } = options;
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, host, resolve);
  });
  socket.on('error', () => {});
  let samples = new Float32Array(80_000);
  let length = 0;
  let packets = 0;
  let lost = 0;
  let first: { timestamp: number; ssrc: number } | undefined;
  let lastSequence = 0;
  let firstPacketAt: number | undefined;
  let lastPacketAt = 0;
  let farEnd: { host: string; port: number } | undefined;
  const hearing = Promise.withResolvers<void>();
  const known = Promise.withResolvers<void>();
  const listeners = new Set<() => void>();

  const learn = (to: { host: string; port: number }): void => {
    farEnd ??= to;
    known.resolve();
  };
  socket.on('message', (packet, { address, port }) => {
    if (packet.length < 13 || packet[0]! >> 6 !== 2 || (packet[1]! & 0x7f) !== 0) return;
    const timestamp = packet.readUInt32BE(4);
    const ssrc = packet.readUInt32BE(8);
    const sequence = packet.readUInt16BE(2);
    // A new source, or a jump of the clock (another file, a transfer): what comes is put at the end.
    let at = first === undefined ? 0 : (timestamp - first.timestamp) >>> 0;
    if (first === undefined || first.ssrc !== ssrc || at > length + 8000 * 30) {
      first = { timestamp: (timestamp - length) >>> 0, ssrc };
      at = length;
    } else {
      const gap = (sequence - lastSequence) & 0xffff;
      if (gap > 1 && gap < 1000) lost += gap - 1;
    }
    lastSequence = sequence;
    lastPacketAt = performance.now();
    const payload = packet.subarray(12 + (packet[0]! & 15) * 4);
    const end = at + payload.length;
    if (end > MAX_SAMPLES) return;
    if (end > samples.length) {
      const larger = new Float32Array(Math.max(samples.length * 2, end));
      larger.set(samples);
      samples = larger;
    }
    for (const [i, code] of payload.entries()) samples[at + i] = fromMulaw(code);
    length = Math.max(length, end);
    packets += 1;
    firstPacketAt ??= lastPacketAt;
    learn({ host: address, port });
    hearing.resolve();
    for (const listener of listeners) listener();
  });

  let sequence = Math.floor(Math.random() * 65_536);
  let timestamp = Math.floor(Math.random() * 2 ** 32);
  const ssrc = Math.floor(Math.random() * 2 ** 32);
  const send = (payloadType: number, marker: boolean, stamp: number, payload: Uint8Array): void => {
    if (farEnd === undefined) return;
    const head = Buffer.alloc(12);
    head[0] = 0x80;
    head[1] = (marker ? 0x80 : 0) | payloadType;
    head.writeUInt16BE(sequence, 2);
    head.writeUInt32BE(stamp >>> 0, 4);
    head.writeUInt32BE(ssrc, 8);
    sequence = (sequence + 1) & 0xffff;
    socket.send(Buffer.concat([head, payload]), farEnd.port, farEnd.host, () => {});
  };
  /** Digits take the place of silence, frame by frame. */
  const queue: (() => void)[] = [];
  const quietFrame = new Uint8Array(FRAME).fill(MULAW_SILENCE);
  const started = performance.now();
  let frames = 0;
  const clock = setInterval(() => {
    for (; frames * FRAME_MS < performance.now() - started; frames++) {
      const next = queue.shift();
      if (next !== undefined) next();
      else if (silence) send(0, false, timestamp, quietFrame);
      timestamp = (timestamp + FRAME) >>> 0;
    }
  }, FRAME_MS / 2);

  /** Resolves with the first value that `check` gives, asked at every packet and every `everyMs`. */
  const until = <T>(check: () => T | undefined, everyMs: number): Promise<T> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = check();
        if (found === undefined) return;
        listeners.delete(look);
        clearInterval(timer);
        resolve(found);
      };
      const timer = setInterval(look, everyMs);
      listeners.add(look);
      look();
    });
  const heard = (fromSample = 0): Sound => ({ samples: samples.slice(fromSample, length), rate: 8000 });

  return {
    host,
    port: socket.address().port,
    get heard() {
      return heard();
    },
    get packets() {
      return packets;
    },
    get lost() {
      return lost;
    },
    get firstPacketAt() {
      return firstPacketAt;
    },
    hearing: hearing.promise,
    async tone(hertz, ms = 100) {
      let looked = 0;
      return until(() => {
        // Not everything anew at each packet: the last second will do, and once in 100 ms.
        if (length - looked < 800) return undefined;
        looked = length;
        const from = Math.max(0, length - 8000 - ms * 8);
        const found = findTone(heard(from), hertz).find((each) => each.lengthMs >= ms);
        return found === undefined ? undefined : { ...found, startMs: found.startMs + from / 8 };
      }, 100);
    },
    async quiet(ms = 500) {
      let loudAt = 0;
      let seen = 0;
      await until(() => {
        for (; seen < length; seen++) if (Math.abs(samples[seen]!) > 0.01) loudAt = performance.now();
        return loudAt !== 0 && performance.now() - loudAt >= ms ? true : undefined;
      }, 20);
    },
    setFarEnd(toHost, port) {
      farEnd = { host: toHost, port };
      known.resolve();
    },
    async sendDigits(digits, durationMs = 100) {
      await known.promise;
      const count = Math.max(2, Math.round(durationMs / FRAME_MS));
      const { promise, resolve } = Promise.withResolvers<void>();
      for (const [index, digit] of [...digits].entries()) {
        const event = EVENTS.indexOf(digit.toUpperCase());
        if (event === -1) throw new RangeError(`"${digit}" is no digit`);
        let start = 0;
        const update = (frame: number, end: boolean): void => {
          const duration = (frame + 1) * FRAME;
          send(
            EVENT_PAYLOAD,
            frame === 0,
            start,
            Uint8Array.of(event, (end ? 0x80 : 0) | 10, duration >> 8, duration & 255),
          );
        };
        for (let frame = 0; frame < count; frame++) {
          queue.push(() => {
            if (frame === 0) start = timestamp;
            // The end is said three times (RFC 4733 2.5.1.4).
            const last = frame === count - 1;
            for (let i = 0; i < (last ? 3 : 1); i++) update(frame, last);
          });
        }
        for (let frame = 0; frame < count; frame++) {
          const last = index === digits.length - 1 && frame === 0;
          queue.push(() => {
            send(0, false, timestamp, quietFrame);
            if (last) resolve();
          });
        }
      }
      if (digits === '') resolve();
      await promise;
    },
    async close() {
      clearInterval(clock);
      listeners.clear();
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    },
  };
}

/** ITU-T G.711, mu-law. */
function fromMulaw(code: number): number {
  const value = ~code & 0xff;
  const size = ((((value & 15) << 3) + 132) << ((value >> 4) & 7)) - 132;
  return (value & 0x80 ? -size : size) / 32_768;
}
