import { type Clock, deadline, type Random, sleep, type Timer } from '../../runtime/clock.ts';
import { KubeError } from './kube-error.ts';
import { claimOf, type LeaseAccess, type LeaseRecord } from './lease.ts';

/** Milliseconds. A duration longer than the deadline, by more than clocks drift and processes stall, keeps two leaders apart. */
export interface ElectionTiming {
  /** Others wait this long, after they last saw the Lease change, before they take it. */
  readonly durationMs: number;
  /** A leader that has not renewed for this long is none any more. */
  readonly renewDeadlineMs: number;
  /** Between attempts. */
  readonly retryMs: number;
}

/**
 * Shorter than client-go's defaults (15 s, 10 s, 2 s), so that changes reach the workers again within 15 s of a leader's death; long enough for an
 * API server that starts again not to cost the lead.
 */
export const ELECTION_TIMING: ElectionTiming = { durationMs: 11_000, renewDeadlineMs: 8_500, retryMs: 1_000 };

/** One uninterrupted time as leader. */
export interface Term {
  /** Grows with each term of anybody (it is written as `leaseTransitions`): of two that claim to lead, the larger number is right. */
  readonly number: number;
  /** Aborted the moment leadership ends. */
  readonly signal: AbortSignal;
}

export interface LeaderElectorOptions {
  readonly lease: LeaseAccess;
  /** Free text, by which others know who leads. No two processes may share one, not even a process and its restart. */
  readonly identity: string;
  readonly onElected: (term: Term) => void;
  /** Called at once, and after the term's signal. `error` undefined: it was `stop`. The elector then goes on as a candidate. */
  readonly onLost: (error: KubeError | undefined) => void;
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly timing?: ElectionTiming;
}

/**
 * Makes one of several processes the leader, by a Lease (coordination.k8s.io/v1), as client-go's `leaderelection` does. Clocks of machines are
 * never compared: a candidate counts from when it saw the Lease change, a leader from when it sent its last renewal.
 */
export class LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #timing: ElectionTiming;
  readonly #controller = new AbortController();
  #running: Promise<void> | undefined;
  #record: LeaseRecord | undefined;
  /** When the Lease was last seen to change. */
  #seenAt = 0;
  #term:
    | { readonly number: number; readonly controller: AbortController; renewedAt: number; expiry: Timer }
    | undefined;
  #lastNumber = -1;

  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.#timing = options.timing ?? ELECTION_TIMING;
  }

  /** Asks the clock and not only timers: a process that was stopped and goes on knows at once that its time is over. */
  get isLeader(): boolean {
    return (
      this.#term !== undefined && this.#options.clock.monotonic() < this.#term.renewedAt + this.#timing.renewDeadlineMs
    );
  }

  /** Who holds the Lease, as last seen; empty: nobody. */
  get holder(): string {
    return this.#record?.holder ?? '';
  }

  /** Begins as a candidate. Once more is no harm. */
  start(): void {
    this.#running ??= this.#run(this.#controller.signal);
  }

  /** Ends, and gives the Lease up so that another need not wait for it to expire. */
  async stop(): Promise<void> {
    this.#controller.abort(new Error('the elector was stopped'));
    await this.#running;
    const held = this.isLeader;
    this.#lose(undefined);
    if (held) await this.#release().catch((error: unknown) => this.#options.onError(error));
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, random, onError } = this.#options;
    const { retryMs, renewDeadlineMs } = this.#timing;
    while (!signal.aborted) {
      // Half the deadline, so that one request that hangs leaves time for another.
      const slow = () => new KubeError('unreachable', `the Lease: no answer within ${renewDeadlineMs / 2000} s`);
      const guard = deadline(clock, renewDeadlineMs / 2, slow, signal);
      try {
        await this.#attempt(guard.signal);
      } catch (error) {
        if (!signal.aborted) onError(error);
      } finally {
        guard.cancel();
      }
      await sleep(clock, this.#term === undefined ? this.#patience(retryMs * (1 + random() / 5)) : retryMs, signal);
    }
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    const { clock, lease, identity } = this.#options;
    if (this.#term !== undefined && !this.isLeader) this.#lose(this.#lost('it was not renewed in time'));
    // The leader writes over what it wrote last; only when that fails does it look who was quicker.
    if (this.#term === undefined) this.#observe(await lease.read(signal));
    for (let look = 0; look < 2 && !this.#isTaken(); look++) {
      const sentAt = clock.monotonic();
      const number = this.#term?.number ?? Math.max(this.#record?.transitions ?? -1, this.#lastNumber) + 1;
      const claim = claimOf(this.#record, identity, this.#timing.durationMs, number, clock.wall());
      const written = await lease.write(claim, this.#record?.resourceVersion, signal);
      if (written !== undefined) {
        this.#observe(written);
        this.#hold(sentAt, number);
        return;
      }
      this.#observe(await lease.read(signal));
      if (this.#term === undefined) return; // A candidate that was too slow waits.
      // An answer of ours may have been lost: then the Lease is ours, in a version that we have not seen.
      if (this.holder !== identity) {
        this.#lose(this.#lost(this.holder === '' ? 'it was taken away' : `it is held by ${this.holder}`));
      }
    }
  }

  #observe(record: LeaseRecord | undefined): void {
    if (record?.resourceVersion === this.#record?.resourceVersion) return;
    this.#record = record;
    this.#seenAt = this.#options.clock.monotonic();
  }

  /** A candidate comes back a little late, so that several don't come together, and at the latest when the Lease runs out. */
  #patience(ms: number): number {
    const left = this.#seenAt + (this.#record?.durationMs ?? 0) - this.#options.clock.monotonic();
    return this.#isTaken() ? Math.min(ms, left) : ms;
  }

  /** Somebody else holds it and may still be there. */
  #isTaken(): boolean {
    const { holder, durationMs } = this.#record ?? { holder: '', durationMs: 0 };
    if (holder === '' || holder === this.#options.identity) return false;
    return this.#options.clock.monotonic() < this.#seenAt + durationMs;
  }

  #hold(renewedAt: number, number: number): void {
    const { clock, onElected } = this.#options;
    const left = renewedAt + this.#timing.renewDeadlineMs - clock.monotonic();
    if (left <= 0) return; // Too late to count; the next attempt will tell.
    const expiry = clock.after(left, () => this.#lose(this.#lost('it could not be renewed in time')));
    if (this.#term !== undefined) {
      this.#term.expiry.cancel();
      this.#term.renewedAt = renewedAt;
      this.#term.expiry = expiry;
      return;
    }
    const controller = new AbortController();
    this.#term = { number, controller, renewedAt, expiry };
    this.#lastNumber = number;
    this.#safely(() => onElected({ number, signal: controller.signal }));
  }

  #lose(error: KubeError | undefined): void {
    const term = this.#term;
    if (term === undefined) return;
    this.#term = undefined;
    term.expiry.cancel();
    term.controller.abort(error ?? new Error('the elector was stopped'));
    this.#safely(() => this.#options.onLost(error));
  }

  #lost(why: string): KubeError {
    return new KubeError('leadershipLost', `the Lease of ${this.#options.identity}: ${why}`);
  }

  async #release(): Promise<void> {
    const { clock, lease, identity } = this.#options;
    const late = () => new KubeError('unreachable', `the Lease of ${identity} could not be given up in time`);
    const guard = deadline(clock, this.#timing.retryMs, late, new AbortController().signal);
    try {
      for (let attempt = 0; attempt < 2 && this.holder === identity; attempt++) {
        const claim = claimOf(this.#record, '', 1000, this.#record?.transitions ?? 0, clock.wall());
        if ((await lease.write(claim, this.#record?.resourceVersion, guard.signal)) !== undefined) return;
        this.#observe(await lease.read(guard.signal)); // The stop may have cut off the answer to a renewal.
      }
    } finally {
      guard.cancel();
    }
  }

  #safely(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#options.onError(error);
    }
  }
}
