/** The time, and timers, as a value: tests pass a clock that they turn by hand. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs `run` once, `ms` milliseconds from now, unless cancelled. */
  after(ms: number, run: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timeout = setTimeout(run, ms);
    return { cancel: () => clearTimeout(timeout) };
  },
};

/** RFC 3261 table 4. All in milliseconds. */
export interface SipTimers {
  /** Round-trip time estimate. */
  readonly t1: number;
  /** Longest retransmission interval for non-INVITE requests and INVITE responses. */
  readonly t2: number;
  /** Longest time a message remains in the network. */
  readonly t4: number;
}

export const DEFAULT_TIMERS: SipTimers = { t1: 500, t2: 4000, t4: 5000 };
