import { type BackoffLimits, backoff } from '../../runtime/backoff.ts';
import type { Random } from '../../runtime/clock.ts';
import { isKubeError } from './kube-error.ts';

export interface RecoveryLimits {
  /** Waits after what lasts until somebody mends it: missing rights, a kind that is not there. */
  readonly backoff: BackoffLimits;
  /** Waits after what passes by itself, which should be seen soon: no answer, a server in trouble, a lost history. Never shorter than the server asks for. */
  readonly passing: BackoffLimits;
}

/** How a list or a watch has ended. */
export interface Ending {
  readonly step: 'list' | 'watch';
  /** Undefined: the server ended the watch. */
  readonly error: unknown;
  /** How long it took. Milliseconds. */
  readonly tookMs: number;
  /** Something came: an event or a bookmark. */
  readonly progress: boolean;
}

/** How to go on: from where the store is, or with a list of the latest state; and after how many milliseconds. */
export interface NextStep {
  readonly relist: boolean;
  readonly waitMs: number;
}

/** A watch that ends sooner counts as failed even if it ended well, or a server that ends each at once would be asked in a tight loop. */
const SHORT_WATCH_MS = 1000;
/** Watches refused in a row before everything is listed anew: some errors mean a lost history without saying so. */
const RELIST_AFTER_REFUSALS = 5;

const PASSING = ['unreachable', 'silent', 'serverError', 'throttled', 'expired'] as const;

/** Decides how a reflector goes on when a list or a watch has ended. It never gives up. */
export class Recovery {
  readonly #limits: RecoveryLimits;
  readonly #random: Random;
  #failures = 0;
  #refusals = 0;

  constructor(limits: RecoveryLimits, random: Random) {
    this.#limits = limits;
    this.#random = random;
  }

  after({ step, error, tookMs, progress }: Ending): NextStep {
    const long = tookMs >= SHORT_WATCH_MS;
    // Only watches make progress: a server that lists but refuses each watch must be waited for.
    if (progress || (long && error === undefined)) {
      this.#failures = 0;
      this.#refusals = 0;
    }
    if (error === undefined && long) return { relist: false, waitMs: 0 };
    this.#failures++;
    const expired = isKubeError(error, 'expired');
    if (step === 'watch' && isKubeError(error) && error.status > 0) this.#refusals++;
    const relist = expired || this.#refusals >= RELIST_AFTER_REFUSALS;
    if (relist) this.#refusals = 0;
    // Said plainly, for the first time: there is nothing to wait for.
    if (expired && step === 'watch' && this.#failures === 1) return { relist, waitMs: 0 };
    return { relist, waitMs: this.#wait(error) };
  }

  #wait(error: unknown): number {
    const limits = isKubeError(error, ...PASSING) ? this.#limits.passing : this.#limits.backoff;
    const asked = isKubeError(error) ? (error.retryAfterMs ?? 0) : 0;
    return Math.max(asked, backoff(this.#failures, limits, this.#random));
  }
}
