import type { Clock, Timer } from '../../runtime/clock.ts';

/** Milliseconds. */
export interface DebounceTiming {
  /** Quiet time before it runs. */
  readonly quietMs: number;
  /** It runs at the latest this long after the first touch, however often it is touched. */
  readonly capMs: number;
}

/** Runs something once for many touches in a short time. */
export class Debounce {
  readonly #clock: Clock;
  readonly #timing: DebounceTiming;
  readonly #run: () => void;
  #timer: Timer | undefined;
  #firstAt = 0;

  constructor(clock: Clock, timing: DebounceTiming, run: () => void) {
    this.#clock = clock;
    this.#timing = timing;
    this.#run = run;
  }

  touch(): void {
    const now = this.#clock.monotonic();
    if (this.#timer === undefined) this.#firstAt = now;
    this.#timer?.cancel();
    const left = this.#firstAt + this.#timing.capMs - now;
    this.#timer = this.#clock.after(Math.max(0, Math.min(this.#timing.quietMs, left)), () => {
      this.#timer = undefined;
      this.#run();
    });
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
