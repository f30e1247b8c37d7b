import { type Fault, fault } from '../../crds/errors/fault.ts';
import { webhookCodes } from '../../crds/errors/webhook.ts';

export interface ExchangeLimits {
  /** Exchanges in one call. */
  readonly total: number;
  /** Exchanges within `windowMs`. */
  readonly burst: number;
  readonly windowMs: number;
}

/** As the design says: "exchanges without end". Repetitions of a request belong to one exchange. */
const EXCHANGE_LIMITS: ExchangeLimits = { total: 100, burst: 10, windowMs: 10_000 };

export type Admission =
  | { readonly ok: true; readonly exchange: number }
  | { readonly ok: false; readonly fault: Fault };

/** Numbers the exchanges of one call from 1, across its pivot actions, and stops those that would go on for ever. One per call. */
export class ExchangeLimiter {
  readonly #now: () => number;
  readonly #limits: ExchangeLimits;
  readonly #recent: number[] = [];
  #count = 0;

  /** `now`: milliseconds, monotonic. */
  constructor(now: () => number, limits: ExchangeLimits = EXCHANGE_LIMITS) {
    this.#now = now;
    this.#limits = limits;
  }

  /** Exchanges admitted so far. */
  get count(): number {
    return this.#count;
  }

  /** Counts one more exchange, or says why there may be none. */
  admit(): Admission {
    const { total, burst, windowMs } = this.#limits;
    if (this.#count >= total) {
      const message = `loop limit: the call has made ${total} exchanges`;
      return { ok: false, fault: fault(webhookCodes.exchangeTotal, message) };
    }
    const now = this.#now();
    while (this.#recent[0] !== undefined && this.#recent[0] <= now - windowMs) this.#recent.shift();
    if (this.#recent.length >= burst) {
      const message = `loop limit: the call has made ${burst} exchanges within ${windowMs / 1000} s`;
      return { ok: false, fault: fault(webhookCodes.exchangeRate, message) };
    }
    this.#recent.push(now);
    this.#count += 1;
    return { ok: true, exchange: this.#count };
  }
}
