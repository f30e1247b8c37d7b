import { isDeepStrictEqual } from 'node:util';
import type { BackoffLimits } from '../../runtime/backoff.ts';
import type { Clock, Random } from '../../runtime/clock.ts';
import type { KubeApi } from './api.ts';
import { conditionsOf, mergeConditions, type StatedCondition, type Transition, transitionsOf } from './conditions.ts';
import { isKubeError, type KubeError } from './kube-error.ts';
import { type AnyObject, apiVersionOf, compareVersions, isRecord, type ResourceType, splitKey } from './objects.ts';
import { type Rate, TokenBucket } from './token-bucket.ts';
import { type QueueFigures, WorkQueue } from './work-queue.ts';

/** How long the answer to a write counts beside what the reader has; a watch is usually some milliseconds behind. Milliseconds. */
const ANSWER_MS = 60_000;

/** A status as its owner states it. It replaces all that this writer wrote before: what is left out is removed. */
export interface StatedStatus {
  readonly conditions: readonly StatedCondition[];
  readonly [field: string]: unknown;
}

export interface StatusWriterOptions {
  readonly api: Pick<KubeApi, 'apply'>;
  readonly type: ResourceType;
  /** The name under which the fields are ours; stable across releases, or the fields of the old name stay behind for ever. */
  readonly fieldManager: string;
  /** The object as it is known, usually from a reflector's store. Undefined: it is gone, and nothing is written. */
  readonly read: (key: string) => AnyObject | undefined;
  /** Told of conditions that changed, after they were written. */
  readonly onTransitions?: (object: AnyObject, transitions: readonly Transition[]) => void;
  readonly onError: (error: KubeError, key: string) => void;
  readonly clock: Clock;
  readonly random: Random;
  /** 50 writes in a second unless given. */
  readonly rate?: Rate;
  /** Writes at one time; 8 unless given. */
  readonly concurrency?: number;
  readonly retry?: BackoffLimits;
}

export interface StatusFigures extends QueueFigures {
  readonly written: number;
  /** Equal to what the object has already. */
  readonly unchanged: number;
  /** The object was gone, or another of the same name stands in its place. */
  readonly dropped: number;
}

/**
 * The one writer of a kind's status (Envoy Gateway, `status_updater.go`): statuses come as values, the last one of a key counts, what is equal
 * is not written, what fails is repeated.
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #queue: WorkQueue;
  readonly #bucket: TokenBucket;
  readonly #stated = new Map<string, { readonly status: StatedStatus; readonly uid: string | undefined }>();
  /** What the server answered lately, while the reader may not have seen it yet; the oldest first. */
  readonly #answered = new Map<string, { readonly object: AnyObject; readonly at: number }>();
  #written = 0;
  #unchanged = 0;
  #dropped = 0;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    this.#bucket = new TokenBucket(options.rate ?? { perSecond: 50, burst: 50 }, options.clock);
    this.#queue = new WorkQueue({
      process: (key, signal) => this.#write(key, signal),
      concurrency: options.concurrency ?? 8,
      onError: (error, key) => {
        if (error.retryAfterMs !== undefined) this.#bucket.pause(error.retryAfterMs);
        options.onError(error, key);
      },
      clock: options.clock,
      random: options.random,
      ...(options.retry === undefined ? {} : { retry: options.retry }),
    });
  }

  get figures(): StatusFigures {
    return {
      ...this.#queue.figures,
      written: this.#written,
      unchanged: this.#unchanged,
      dropped: this.#dropped,
    };
  }

  /** States what the status of an object shall be. With `uid`, only of that very object and not of a later one of its name. */
  set(key: string, status: StatedStatus, uid?: string): void {
    this.#stated.set(key, { status, uid });
    this.#queue.add(key);
  }

  /** Statuses are collected before; they are written from now on. */
  start(): void {
    this.#queue.start();
  }

  /** Resolves when all that was stated is written or waits to be repeated. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  /** Writes what waits and stops. */
  drain(): Promise<void> {
    return this.#queue.drain();
  }

  /** Stops at once. For another term as leader, make another writer. */
  stop(): Promise<void> {
    return this.#queue.stop();
  }

  async #write(key: string, signal: AbortSignal): Promise<void> {
    const { type, read, api, clock, fieldManager, onTransitions } = this.#options;
    const stated = this.#stated.get(key);
    const known = this.#newest(key, read(key));
    if (stated === undefined) return;
    if (known === undefined || (stated.uid !== undefined && known.metadata.uid !== stated.uid))
      return this.#drop(key, stated);
    if (unchanged(known, stated.status, clock)) {
      this.#unchanged++;
      return this.#done(key, stated);
    }
    await this.#bucket.take(signal);
    const latest = this.#stated.get(key) ?? stated; // May have been restated while we waited.
    const before = conditionsOf(known['status']);
    const object: AnyObject = {
      apiVersion: apiVersionOf(type),
      kind: type.kind,
      metadata: { ...splitKey(key), ...(latest.uid === undefined ? {} : { uid: latest.uid }) },
      status: statusToWrite(known, latest.status, clock),
    };
    try {
      const answer = await api.apply(type, object, { fieldManager, subresource: 'status' }, signal);
      this.#written++;
      this.#remember(key, answer);
      this.#done(key, latest);
      onTransitions?.(known, transitionsOf(before, conditionsOf(object['status'])));
    } catch (error) {
      // Forced apply has no conflicts but that of the uid.
      if (!isKubeError(error, 'notFound') && !(latest.uid !== undefined && isKubeError(error, 'conflict'))) throw error;
      this.#drop(key, latest);
    }
  }

  /** The answer to our last write, until the reader has it or something newer. */
  #newest(key: string, read: AnyObject | undefined): AnyObject | undefined {
    const answered = this.#answered.get(key)?.object;
    if (answered === undefined || read === undefined) return read;
    const order = compareVersions(answered.metadata.resourceVersion, read.metadata.resourceVersion);
    if (answered.metadata.uid === read.metadata.uid && order !== undefined && order > 0) return answered;
    this.#answered.delete(key);
    return read;
  }

  #remember(key: string, { apiVersion, kind, metadata, status }: AnyObject): void {
    const now = this.#options.clock.monotonic();
    this.#answered.delete(key);
    this.#answered.set(key, { object: { apiVersion, kind, metadata, status }, at: now });
    for (const [old, { at }] of this.#answered) {
      if (now - at < ANSWER_MS) break;
      this.#answered.delete(old);
    }
  }

  #drop(key: string, stated: { readonly status: StatedStatus }): void {
    this.#dropped++;
    this.#answered.delete(key);
    this.#done(key, stated);
  }

  #done(key: string, stated: { readonly status: StatedStatus }): void {
    if (this.#stated.get(key)?.status === stated.status) this.#stated.delete(key);
  }
}

function statusToWrite(known: AnyObject, stated: StatedStatus, clock: Clock): Record<string, unknown> {
  return { ...stated, conditions: mergeConditions(conditionsOf(known['status']), stated.conditions, clock.wall()) };
}

/** Nothing but `lastTransitionTime` would differ, and that only where `status` does: so a plain comparison after the merge tells. */
function unchanged(known: AnyObject, stated: StatedStatus, clock: Clock): boolean {
  // Through JSON, as it would travel: fields that are undefined are no difference.
  const wanted: unknown = JSON.parse(JSON.stringify(statusToWrite(known, stated, clock)));
  return isDeepStrictEqual(inOrder(wanted), inOrder(known['status']));
}

/** Conditions are a map by type: a server may keep them in another order than they were written. */
function inOrder(status: unknown): unknown {
  if (!isRecord(status) || !Array.isArray(status['conditions'])) return status;
  const conditions = conditionsOf(status).sort((a, b) => (a.type < b.type ? -1 : 1));
  return conditions.length === status['conditions'].length ? { ...status, conditions } : status;
}
