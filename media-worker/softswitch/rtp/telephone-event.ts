import { timestampDifference } from './packet.ts';
import { FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE } from './types.ts';

/** Digits by their event codes (RFC 4733 section 3.2); 16 (flash) and above are no digits. */
export const EVENT_DIGITS = '0123456789*#ABCD';
/** An event packet's payload, in bytes. */
export const EVENT_BYTES = 4;
/** Power level sent, in -dBm0, without sign. Receivers have no use for it; FreeSWITCH sends 10. */
const VOLUME = 10;
/** The final packet is sent three times (RFC 4733 section 2.5.1.4), in case it is lost. */
const END_PACKETS = 3;
/** Silence after an event, end packets included: 80 ms, twice what ITU-T Q.24 asks for. */
const GAP_TICKS = 4;
/** An event whose end packets were all lost is over when nothing was heard of it for so many ticks (160 ms). */
const SILENT_TICKS = 8;

export const DEFAULT_DIGIT_MS = 100;
const MIN_DIGIT_MS = 40;
/** The duration field has 16 bits: 8.19 s at 8000 Hz. Longer digits are cut, since nobody sends them on purpose. */
const MAX_DIGIT_MS = 8000;

/** Which event code a digit has, or -1. */
export function eventCode(digit: string): number {
  return digit.length === 1 ? EVENT_DIGITS.indexOf(digit.toUpperCase()) : -1;
}

interface Step {
  /** Event code, or -1 for a pause. */
  readonly code: number;
  readonly ticks: number;
  readonly done: (() => void) | undefined;
}

/** Sends queued digits, one packet per 20 ms. The session asks `tick()` first and sends sound only when it says so. */
export class EventSender {
  /** Of the packet to send, when `tick` returned 'event'. */
  marker = false;
  timestamp = 0;
  readonly payload = new Uint8Array(EVENT_BYTES);

  readonly #queue: Step[] = [];
  #elapsed = 0;
  #ends = 0;
  #gap = 0;

  get active(): boolean {
    return this.#queue.length > 0 || this.#gap > 0;
  }

  /** Queues digits (see `RtpSession.sendDigits`); characters that are none are left out. `done` is called after the last packet. */
  queue(digits: string, durationMs: number, done: () => void): void {
    const ticks = Math.round(Math.min(Math.max(durationMs, MIN_DIGIT_MS), MAX_DIGIT_MS) / FRAME_MS);
    const steps: { code: number; ticks: number }[] = [];
    for (const digit of digits) {
      const code = eventCode(digit);
      if (digit === 'w') steps.push({ code: -1, ticks: 500 / FRAME_MS });
      else if (digit === 'W') steps.push({ code: -1, ticks: 1000 / FRAME_MS });
      else if (code >= 0) steps.push({ code, ticks });
    }
    if (steps.length === 0) {
      done();
      return;
    }
    const last = steps.length - 1;
    steps.forEach((step, i) => {
      this.#queue.push({ ...step, done: i === last ? done : undefined });
    });
  }

  /** Drops what is queued, without calling anyone. */
  clear(): void {
    this.#queue.length = 0;
    this.#elapsed = 0;
    this.#ends = 0;
    this.#gap = 0;
  }

  /** One tick. `timestamp` is that of the sound that would be sent now. */
  tick(timestamp: number): 'sound' | 'event' | 'nothing' {
    if (this.#gap > 0) {
      this.#gap--;
      return 'nothing';
    }
    const step = this.#queue[0];
    if (step === undefined) return 'sound';
    if (step.code < 0) {
      if (++this.#elapsed >= step.ticks) this.#finish(step);
      return 'sound';
    }
    this.marker = this.#elapsed === 0;
    // All packets of an event carry the time of its beginning (RFC 4733 section 2.5.1.2).
    if (this.#elapsed === 0) this.timestamp = timestamp;
    if (this.#elapsed < step.ticks) this.#elapsed++;
    const end = this.#elapsed >= step.ticks;
    const duration = this.#elapsed * FRAME_SAMPLES;
    this.payload[0] = step.code;
    this.payload[1] = (end ? 0x80 : 0) | VOLUME;
    this.payload[2] = duration >> 8;
    this.payload[3] = duration;
    if (end && ++this.#ends >= END_PACKETS) {
      this.#gap = GAP_TICKS - (END_PACKETS - 1);
      this.#finish(step);
    }
    return 'event';
  }

  #finish(step: Step): void {
    this.#queue.shift();
    this.#elapsed = 0;
    this.#ends = 0;
    step.done?.();
  }
}

/** Receives digits: each event once, however many of its packets come, in whatever order, and even when every end packet is lost. */
export class EventReceiver {
  readonly #onDigit: (digit: string, durationSamples: number) => void;
  #code = -1;
  #timestamp = 0;
  #duration = 0;
  #silentTicks = 0;
  /** Timestamp of the newest event that is over; older ones are repetitions. */
  #over: number | undefined;

  constructor(onDigit: (digit: string, durationSamples: number) => void) {
    this.#onDigit = onDigit;
  }

  /** A digit has begun and not ended. */
  get active(): boolean {
    return this.#code >= 0;
  }

  packet(timestamp: number, data: Uint8Array, start: number, end: number): void {
    // RFC 4733 allows several events in one packet; nobody sends them, and the first is what counts.
    if (end - start < EVENT_BYTES) return;
    const code = data[start]!;
    if (code >= EVENT_DIGITS.length) return;
    const isEnd = (data[start + 1]! & 0x80) !== 0;
    const duration = (data[start + 2]! << 8) | data[start + 3]!;
    if (this.#over !== undefined) {
      const age = timestampDifference(timestamp, this.#over);
      // Ten seconds back is a far end that began to count anew, not a repetition.
      if (age <= 0 && age > -10 * SAMPLE_RATE) return;
    }
    if (this.#code >= 0 && timestamp !== this.#timestamp) {
      const ahead = timestampDifference(timestamp, this.#timestamp);
      if (ahead < 0 && ahead > -10 * SAMPLE_RATE) return;
      // A tone longer than the field goes on in a new segment (section 2.5.1.3): one digit still.
      if (code === this.#code && this.#duration >= 0xff00 && ahead <= 0x10000) {
        this.#timestamp = timestamp;
        this.#duration = duration;
      } else this.#end();
    }
    if (this.#code < 0) {
      this.#code = code;
      this.#timestamp = timestamp;
      this.#duration = 0;
    }
    this.#silentTicks = 0;
    if (duration > this.#duration) this.#duration = duration;
    if (isEnd) this.#end();
  }

  /** Every 20 ms. */
  tick(): void {
    if (this.#code >= 0 && ++this.#silentTicks >= SILENT_TICKS) this.#end();
  }

  /** The far end changed: its timestamps begin anew. */
  reset(): void {
    this.#code = -1;
    this.#over = undefined;
  }

  #end(): void {
    const code = this.#code;
    this.#code = -1;
    this.#over = this.#timestamp;
    this.#onDigit(EVENT_DIGITS[code]!, this.#duration);
  }
}
