import { sequenceDifference, timestampDifference } from './packet.ts';
import { FRAME_SAMPLES, type Frame } from './types.ts';

/** Samples held, a power of two: 1.024 s. */
const RING = 8192;
const MASK = RING - 1;
/** Marks a sample that has not arrived. G.711 never decodes to it (its largest magnitude is 32,256). */
const EMPTY = -32768;
/** Delay kept between the newest sample and the one being played, in frames. */
const INITIAL_TARGET = 2;
const MAX_TARGET = 10;
/** Frames concealed before the buffer takes it that the far end has stopped sending, and gives silence. */
const CONCEALED_FRAMES = 3;
/** What is left of the last frame's sound in each of them. */
const FADE = [0.8, 0.5, 0.2];
/** Late packets in a row after which the far end's time is taken to have jumped. */
const LATE_RUN = 5;
/** Frames between two looks at how full the buffer is: 1 s. */
const WINDOW = 50;
/** Windows without a late packet after which the delay is lowered by a frame: 10 s. */
const CALM_WINDOWS = 10;
/** The longest packet taken, 200 ms. */
const MAX_PAYLOAD = 1600;

/**
 * Received sound between network and ear. Samples are placed by their timestamps, so that packets of any length (10, 20, 30 ms)
 * and any order come out right; what is missing is concealed for 60 ms by the fading last frame (in the way of G.711 Appendix I,
 * without its pitch search). The delay grows when packets come late and shrinks when the buffer stays fuller than it needs
 * to be, which also takes up the difference between the far end's clock and ours, one frame at a time.
 */
export class JitterBuffer {
  /** Packets dropped because their time had passed. */
  late = 0;
  /** Packets missing in the numbering; one that comes after all is taken off again. */
  lost = 0;
  /** Packets received twice, too long, or empty. */
  discarded = 0;

  readonly #ring = new Int16Array(RING).fill(EMPTY);
  readonly #last = new Int16Array(FRAME_SAMPLES);
  /** Timestamp of the next sample to play; its place in the ring is `timestamp & MASK`. */
  #play = 0;
  /** Timestamp after the newest sample. */
  #newest = 0;
  #running = false;
  #started = false;
  #expectedSequence = -1;
  #concealed = CONCEALED_FRAMES;
  #starved = 0;
  #target = INITIAL_TARGET;
  #lateRun = 0;
  #lateInWindow = 0;
  #calmWindows = 0;
  #hold = false;
  #frames = 0;
  #lowest = Number.MAX_SAFE_INTEGER;

  /** The delay aimed at, in frames of 20 ms. */
  get target(): number {
    return this.#target;
  }

  /** Samples waiting to be played, gaps included. */
  get buffered(): number {
    return this.#running ? Math.max(0, timestampDifference(this.#newest, this.#play)) : 0;
  }

  /** Counts a packet of any payload type, for `lost`. */
  arrived(sequence: number): void {
    if (this.#expectedSequence >= 0) {
      const ahead = sequenceDifference(sequence, this.#expectedSequence);
      // A jump of more than a second is a far end that started anew, not loss.
      if (ahead >= 0 && ahead < WINDOW) this.lost += ahead;
      else if (ahead < 0 && ahead > -WINDOW) {
        if (this.lost > 0) this.lost--;
        return;
      }
    }
    this.#expectedSequence = (sequence + 1) & 0xffff;
  }

  /** Takes the payload of one packet, bytes `start` to `end` of `data`. */
  put(timestamp: number, data: Uint8Array, start: number, end: number, decode: Int16Array): void {
    const length = end - start;
    if (length <= 0 || length > MAX_PAYLOAD) {
      this.discarded++;
      return;
    }
    if (!this.#running) {
      const age = this.#started ? timestampDifference(timestamp, this.#play) : 0;
      if (age < 0 && age > -RING && ++this.#lateRun < LATE_RUN) {
        this.late++;
        return;
      }
      this.#restart(timestamp);
    }
    let offset = timestampDifference(timestamp, this.#play);
    if (offset + length <= 0) {
      this.late++;
      this.#lateRun++;
      this.#lateInWindow++;
      if (this.#lateInWindow === 2) {
        this.#hold = true;
        // Seconds in a row with late packets are jitter; once in a while, it is a slower clock, for which holding is enough.
        if (this.#calmWindows === 0 && this.#target < MAX_TARGET) this.#target++;
      }
      if (this.#lateRun < LATE_RUN) return;
      this.#restart(timestamp);
      offset = timestampDifference(timestamp, this.#play);
    } else if (offset + length > RING) {
      this.#restart(timestamp);
      offset = timestampDifference(timestamp, this.#play);
    }
    this.#lateRun = 0;
    const from = offset < 0 ? -offset : 0;
    const ring = this.#ring;
    if (ring[(timestamp + from) & MASK] !== EMPTY) {
      this.discarded++;
      return;
    }
    for (let i = from; i < length; i++) ring[(timestamp + i) & MASK] = decode[data[start + i]!]!;
    const after = (timestamp + length) >>> 0;
    if (timestampDifference(after, this.#newest) > 0) this.#newest = after;
  }

  /** The far end sends something else (digits, comfort noise): the coming gap is silence, not loss. */
  quiet(): void {
    this.#concealed = CONCEALED_FRAMES;
  }

  /** Fills the next 20 ms. True when at least a part of it was received; otherwise it is concealed or silent. */
  read(frame: Frame): boolean {
    if (!this.#running) {
      frame.fill(0);
      return false;
    }
    const buffered = timestampDifference(this.#newest, this.#play);
    if (buffered < this.#lowest) this.#lowest = buffered;
    if (++this.#frames >= WINDOW) this.#adapt();
    if (this.#hold) {
      this.#hold = false;
      this.#conceal(frame, 0);
      return false;
    }
    const ring = this.#ring;
    let position = this.#play & MASK;
    this.#play = (this.#play + FRAME_SAMPLES) >>> 0;
    if (buffered <= 0) {
      if (++this.#starved > CONCEALED_FRAMES) this.#running = false;
      this.#conceal(frame, 0);
      return false;
    }
    this.#starved = 0;
    let missing = -1;
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      const sample = ring[position]!;
      ring[position] = EMPTY;
      position = (position + 1) & MASK;
      frame[i] = sample;
      if (sample === EMPTY && missing < 0) missing = i;
    }
    if (missing < 0) {
      this.#last.set(frame);
      this.#concealed = 0;
      return true;
    }
    this.#conceal(frame, missing);
    return missing > 0;
  }

  /** Forgets everything, for a far end that changed. The counters stay. */
  reset(): void {
    this.#running = false;
    this.#started = false;
    this.#expectedSequence = -1;
    this.#target = INITIAL_TARGET;
    this.#lateRun = 0;
    this.#last.fill(0);
  }

  #restart(timestamp: number): void {
    this.#ring.fill(EMPTY);
    this.#play = (timestamp - this.#target * FRAME_SAMPLES) >>> 0;
    this.#newest = timestamp;
    this.#running = true;
    this.#started = true;
    this.#starved = 0;
    this.#lateRun = 0;
    this.#hold = false;
    this.#concealed = CONCEALED_FRAMES;
    this.#frames = 0;
    this.#lowest = Number.MAX_SAFE_INTEGER;
  }

  /** Fills what is missing from sample `from` on. Samples already there stay. */
  #conceal(frame: Frame, from: number): void {
    const whole = from === 0 && frame !== this.#last;
    const gain = FADE[this.#concealed] ?? 0;
    const last = this.#last;
    for (let i = from; i < FRAME_SAMPLES; i++) {
      if (whole || frame[i] === EMPTY) frame[i] = last[i]! * gain;
    }
    if (this.#concealed < CONCEALED_FRAMES) this.#concealed++;
  }

  /** Once a second: gives up delay that was not needed, or lets the target sink after calm. */
  #adapt(): void {
    const excess = Math.floor(this.#lowest / FRAME_SAMPLES) - this.#target - 1;
    if (excess > 0) {
      // One frame a second is hardly heard; much more at once after a stall, or the call would stay delayed for long.
      const frames = excess > 5 ? excess : 1;
      for (let i = 0; i < frames * FRAME_SAMPLES; i++) this.#ring[(this.#play + i) & MASK] = EMPTY;
      this.#play = (this.#play + frames * FRAME_SAMPLES) >>> 0;
    }
    if (this.#lateInWindow > 0) this.#calmWindows = 0;
    else if (++this.#calmWindows >= CALM_WINDOWS) {
      this.#calmWindows = 0;
      if (this.#target > INITIAL_TARGET) this.#target--;
    }
    this.#lateInWindow = 0;
    this.#frames = 0;
    this.#lowest = Number.MAX_SAFE_INTEGER;
  }
}
