import { FRAME_MS } from './types.ts';

/** Whatever must happen once every 20 ms. */
export interface ClockMember {
  /** `lateMs`: how long after its time this call comes. */
  tick(lateMs: number): void;
  /** The process stood still for so long that this many frames of time are given up (see `MAX_CATCH_UP_MS`). */
  skip?(frames: number): void;
}

/** The one clock of all sessions of a process. */
export interface MediaClock {
  /** The member's first tick comes within 20 ms. */
  add(member: ClockMember): void;
  /** After this no tick comes, not even when called from within one. */
  remove(member: ClockMember): void;
  readonly members: number;
  /** Frames of time given up so far because the process stood still. */
  readonly skippedFrames: number;
}

/** What the clock needs of the machine; given by tests to make time pass as they say. */
export interface TimeSource {
  /** Milliseconds, monotonic, with fractions. */
  now(): number;
  /** Calls once, not before `delayMs`; returns what cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

/** The 20 ms are divided into slots, so that the sessions of a busy process do not all send at the same instant. */
export const SLOTS = 10;
const SLOT_MS = FRAME_MS / SLOTS;
/** Up to so many members share a slot before the next one is used: with few calls, fewer wake-ups matter more than the spread. */
const MEMBERS_BEFORE_SPREADING = 4;
/**
 * After a stall, frames up to this age are sent at once: a far end's jitter buffer of the usual 60 ms takes them and nothing is
 * heard. Older ones would only be thrown away there, so time is given up instead and the sound goes on where it stopped.
 */
export const MAX_CATCH_UP_MS = 60;

export function realTime(): TimeSource {
  return {
    now: () => performance.now(),
    after(delayMs, callback) {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
  };
}

/**
 * Ticks stand at fixed multiples of 2 ms after an epoch, so that a late one makes no later one late: nothing drifts. Slots are
 * served strictly in the order of their times, also when catching up; a mixer can rely on every member being called once per
 * round. The timer only runs while there are members.
 */
export function createMediaClock(time: TimeSource = realTime()): MediaClock {
  return new SlottedClock(time);
}

class SlottedClock implements MediaClock {
  readonly #time: TimeSource;
  /** Replaced, never changed, so that a slot being served is not disturbed by members that come and go. */
  readonly #slots: ClockMember[][] = Array.from({ length: SLOTS }, () => []);
  readonly #slotOf = new Map<ClockMember, number>();
  #epoch = 0;
  /** The slot to be served next, counted from the epoch. */
  #next = 0;
  #cancel: (() => void) | undefined;
  #running = false;
  #skipped = 0;
  readonly #wake = (): void => this.#run();

  constructor(time: TimeSource) {
    this.#time = time;
  }

  get members(): number {
    return this.#slotOf.size;
  }

  get skippedFrames(): number {
    return this.#skipped;
  }

  add(member: ClockMember): void {
    if (this.#slotOf.has(member)) return;
    if (this.#slotOf.size === 0 && !this.#running) {
      this.#epoch = this.#time.now();
      this.#next = 0;
    }
    const slot = this.#chooseSlot();
    this.#slots[slot] = [...this.#slots[slot]!, member];
    this.#slotOf.set(member, slot);
    if (!this.#running) {
      // A slot that was empty until now may be due before the one the timer waits for.
      this.#cancel?.();
      this.#arm();
    }
  }

  remove(member: ClockMember): void {
    const slot = this.#slotOf.get(member);
    if (slot === undefined) return;
    this.#slotOf.delete(member);
    this.#slots[slot] = this.#slots[slot]!.filter((other) => other !== member);
    if (this.#slotOf.size === 0) {
      this.#cancel?.();
      this.#cancel = undefined;
    }
  }

  #chooseSlot(): number {
    let emptiest = 0;
    for (let slot = 0; slot < SLOTS; slot++) {
      const size = this.#slots[slot]!.length;
      if (size > 0 && size < MEMBERS_BEFORE_SPREADING) return slot;
      if (size < this.#slots[emptiest]!.length) emptiest = slot;
    }
    return emptiest;
  }

  #arm(): void {
    this.#cancel = undefined;
    if (this.#slotOf.size === 0) return;
    const now = this.#time.now();
    // Empty slots whose time has not been reached need no wake-up.
    let at = this.#next;
    while (this.#slots[at % SLOTS]!.length === 0) at++;
    const delay = this.#epoch + at * SLOT_MS - now;
    // Never 0: sockets must be read between two runs even when the process cannot keep up.
    this.#cancel = this.#time.after(Math.max(delay, 1), this.#wake);
  }

  #run(): void {
    this.#running = true;
    try {
      const started = this.#time.now();
      const behind = started - (this.#epoch + this.#next * SLOT_MS);
      if (behind > MAX_CATCH_UP_MS + FRAME_MS) this.#giveUp(Math.floor((behind - FRAME_MS) / FRAME_MS));
      let due = this.#epoch + this.#next * SLOT_MS;
      // One round at most: what came in during a stall is then read from the sockets before the next frames are due to be heard.
      for (let slots = 0; slots < SLOTS && due <= started; slots++) {
        const members = this.#slots[this.#next % SLOTS]!;
        this.#next++;
        for (const member of members) {
          if (this.#slotOf.has(member)) member.tick(this.#time.now() - due);
        }
        due += SLOT_MS;
      }
    } finally {
      this.#running = false;
      this.#arm();
    }
  }

  #giveUp(frames: number): void {
    // Slots without members may have been left behind; that is no stall of anyone.
    this.#epoch += frames * FRAME_MS;
    this.#skipped += frames;
    for (const member of [...this.#slotOf.keys()]) member.skip?.(frames);
  }
}
