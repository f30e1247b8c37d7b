import { type Clock, sleep } from '../../runtime/clock.ts';

export interface Rate {
  /** In the long run. */
  readonly perSecond: number;
  /** At once, after a time without any. */
  readonly burst: number;
}

/** Lets so many through in a second, and makes the others wait (client-go `flowcontrol`). */
export class TokenBucket {
  readonly #rate: Rate;
  readonly #clock: Clock;
  #tokens: number;
  #filledAt: number;
  #closedUntil = 0;

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
    this.#tokens = rate.burst;
    this.#filledAt = clock.monotonic();
  }

  /** Takes a token if there is one. */
  tryTake(): boolean {
    if (this.#clock.monotonic() < this.#closedUntil) return false;
    this.#fill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Waits for a token, in the order of asking. Throws the reason of `signal`. */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#fill();
    // May go below zero: whoever comes later waits for what those before have borrowed.
    this.#tokens -= 1;
    const owedMs = this.#tokens >= 0 ? 0 : (-this.#tokens / this.#rate.perSecond) * 1000;
    const waitMs = Math.max(owedMs, this.#closedUntil - this.#clock.monotonic());
    if (waitMs <= 0) return;
    await sleep(this.#clock, waitMs, signal);
    if (!signal.aborted) return;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + 1);
    throw signal.reason;
  }

  /** Lets nothing through for `ms` milliseconds: the server has asked for it. */
  pause(ms: number): void {
    this.#closedUntil = Math.max(this.#closedUntil, this.#clock.monotonic() + ms);
  }

  #fill(): void {
    const now = this.#clock.monotonic();
    const gained = ((now - this.#filledAt) / 1000) * this.#rate.perSecond;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + gained);
    this.#filledAt = now;
  }
}
