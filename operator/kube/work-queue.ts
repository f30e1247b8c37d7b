import { type BackoffLimits, backoff } from '../../runtime/backoff.ts';
import type { Clock, Random, Timer } from '../../runtime/clock.ts';
import { isKubeError, KubeError } from './kube-error.ts';

/** Waits before a key whose handler failed has its next turn (client-go's default goes from 5 ms to 1000 s; a person waits for ours). */
export const RETRY_LIMITS: BackoffLimits = { minMs: 200, maxMs: 60_000 };

export interface WorkQueueOptions {
  /** Brings one thing in order; the newest state of it is to be looked up by the key. Throws to be called again later. */
  readonly process: (key: string, signal: AbortSignal) => Promise<void>;
  /** Keys in work at one time. */
  readonly concurrency: number;
  /** Told of each handler's failure. */
  readonly onError: (error: KubeError, key: string) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly retry?: BackoffLimits;
}

export interface QueueFigures {
  /** Keys that wait for their turn, without those of a later time. */
  readonly waiting: number;
  readonly delayed: number;
  readonly processing: number;
  readonly processed: number;
  readonly failures: number;
}

/**
 * Keys to be worked on, in client-go's semantics (`util/workqueue`): a key stands in the queue once however often it is added; a key added while it
 * is in work has another turn afterwards; no key is in work twice at a time. A failed key comes again with a wait that doubles.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #retry: BackoffLimits;
  readonly #controller = new AbortController();
  /** To be worked on, in order. A Set is a queue without duplicates. */
  readonly #waiting = new Set<string>();
  readonly #processing = new Set<string>();
  /** Added while in work. */
  readonly #dirty = new Set<string>();
  readonly #delayed = new Map<string, { readonly at: number; readonly timer: Timer }>();
  readonly #retries = new Map<string, { readonly failures: number; readonly timer: Timer | undefined }>();
  readonly #idle: (() => void)[] = [];
  #state: 'new' | 'running' | 'draining' | 'stopped' = 'new';
  #processed = 0;
  #failures = 0;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#retry = options.retry ?? RETRY_LIMITS;
  }

  get figures(): QueueFigures {
    return {
      waiting: this.#waiting.size + this.#dirty.size,
      delayed: this.#delayed.size + [...this.#retries.values()].filter(({ timer }) => timer !== undefined).length,
      processing: this.#processing.size,
      processed: this.#processed,
      failures: this.#failures,
    };
  }

  /** Asks for a turn of the key as soon as possible. Before `start` keys are collected; while draining and after the stop they are ignored. */
  add(key: string): void {
    if (this.#state === 'draining' || this.#state === 'stopped') return;
    this.#enqueue(key);
  }

  /** Asks for a turn of the key in `ms` milliseconds; of several such wishes the earliest counts. */
  addAfter(key: string, ms: number): void {
    if (this.#state === 'draining' || this.#state === 'stopped') return;
    const { clock } = this.#options;
    const at = clock.monotonic() + ms;
    const known = this.#delayed.get(key);
    if (known !== undefined && known.at <= at) return;
    known?.timer.cancel();
    const timer = clock.after(ms, () => {
      this.#delayed.delete(key);
      this.#enqueue(key);
    });
    this.#delayed.set(key, { at, timer });
  }

  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'running';
    this.#pump();
  }

  /** Resolves when no key waits or is in work; delayed ones and those to be retried don't count. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Takes no more keys, works on those that wait, once each, and stops. */
  async drain(): Promise<void> {
    if (this.#state === 'running') {
      this.#state = 'draining';
      this.#cancelTimers();
      await this.idle();
    }
    await this.stop();
  }

  /** Aborts what is in work, forgets what waits, and resolves when no handler runs any more. */
  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#controller.abort(new Error('the work queue was stopped'));
    this.#cancelTimers();
    this.#waiting.clear();
    this.#dirty.clear();
    await this.idle();
  }

  #enqueue(key: string): void {
    if (this.#processing.has(key)) this.#dirty.add(key);
    else {
      this.#waiting.add(key);
      this.#pump();
    }
  }

  #pump(): void {
    if (this.#state !== 'running' && this.#state !== 'draining') return;
    for (const key of this.#waiting) {
      if (this.#processing.size >= this.#options.concurrency) return;
      this.#waiting.delete(key);
      this.#processing.add(key);
      void this.#work(key);
    }
  }

  async #work(key: string): Promise<void> {
    try {
      // Not at once: whoever added the key goes on first, and may add more.
      await Promise.resolve();
      await this.#options.process(key, this.#controller.signal);
      this.#processed++;
      this.#forget(key);
    } catch (error) {
      if (!this.#controller.signal.aborted) this.#fail(key, error);
    }
    this.#processing.delete(key);
    if (this.#dirty.delete(key)) this.#waiting.add(key);
    this.#pump();
    if (this.#isIdle()) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #forget(key: string): void {
    this.#retries.get(key)?.timer?.cancel();
    this.#retries.delete(key);
  }

  #fail(key: string, error: unknown): void {
    this.#failures++;
    const known = isKubeError(error);
    this.#report(known ? error : new KubeError('handlerFailed', `${key}: ${String(error)}`, { cause: error }), key);
    const { clock, random } = this.#options;
    const failures = (this.#retries.get(key)?.failures ?? 0) + 1;
    this.#retries.get(key)?.timer?.cancel();
    if (this.#state !== 'running') return;
    const waitMs = Math.max(backoff(failures, this.#retry, random), (known ? error.retryAfterMs : undefined) ?? 0);
    const timer = clock.after(waitMs, () => {
      this.#retries.set(key, { failures, timer: undefined });
      this.#enqueue(key);
    });
    this.#retries.set(key, { failures, timer });
  }

  #report(error: KubeError, key: string): void {
    try {
      this.#options.onError(error, key);
    } catch {
      // Whoever is told of errors has no one to tell of its own.
    }
  }

  #isIdle(): boolean {
    const waiting = this.#state === 'new' ? 0 : this.#waiting.size;
    return waiting === 0 && this.#processing.size === 0;
  }

  #cancelTimers(): void {
    for (const { timer } of this.#delayed.values()) timer.cancel();
    for (const { timer } of this.#retries.values()) timer?.cancel();
    this.#delayed.clear();
    this.#retries.clear();
  }
}
