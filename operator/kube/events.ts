import { randomBytes } from 'node:crypto';
import type { Clock, Random } from '../../runtime/clock.ts';
import type { KubeApi } from './api.ts';
import { microTime, truncateMessage } from './conditions.ts';
import { isKubeError, type KubeError } from './kube-error.ts';
import { type AnyObject, type KubeObject, keyOf, type ResourceType } from './objects.ts';
import { type Rate, TokenBucket } from './token-bucket.ts';
import { WorkQueue } from './work-queue.ts';

const EVENT: ResourceType = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
};

/** Limits of events.k8s.io/v1: `note` 1 KiB, `reason` and `action` 128. */
const NOTE_LIMIT = 1024;
/** An equal event of the same object within this time is not told again. Milliseconds. */
const REPEAT_MS = 10 * 60_000;
/** Events remembered for that, and events that may wait to be sent. */
const MEMORY = 4096;
const WAITING_LIMIT = 1000;
/** Attempts of one event; events are hints, and a queue of old ones helps nobody. */
const ATTEMPTS = 3;

/** One thing worth telling those who `kubectl describe` an object: a transition, not a state. */
export interface KubeEvent {
  readonly type: 'Normal' | 'Warning';
  /** Why: one CamelCase word. */
  readonly reason: string;
  /** What was done or found out: one CamelCase word. */
  readonly action: string;
  /** For people; cut at 1 KiB. */
  readonly note: string;
}

export interface EventRecorderOptions {
  readonly api: Pick<KubeApi, 'create'>;
  /** Name of the controller, like `example.com/operator`. */
  readonly controller: string;
  /** Of this process; at most 128 characters. */
  readonly instance: string;
  readonly onError: (error: KubeError) => void;
  readonly clock: Clock;
  readonly random: Random;
  /** 5 in a second, 50 at once, unless given. */
  readonly rate?: Rate;
}

export interface EventFigures {
  readonly sent: number;
  /** Equal to one told shortly before. */
  readonly repeated: number;
  /** Too many at once, or refused by the server. */
  readonly dropped: number;
}

/** Writes Events (events.k8s.io/v1, KEP-383). Best effort: never waits, never fails, drops what is too much. */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #queue: WorkQueue;
  readonly #bucket: TokenBucket;
  readonly #recent = new Map<string, number>();
  readonly #waiting = new Map<string, { readonly event: AnyObject; attempts: number }>();
  #figures = { sent: 0, repeated: 0, dropped: 0 };

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#bucket = new TokenBucket(options.rate ?? { perSecond: 5, burst: 50 }, options.clock);
    this.#queue = new WorkQueue({
      process: (name, signal) => this.#send(name, signal),
      concurrency: 2,
      onError: options.onError,
      clock: options.clock,
      random: options.random,
    });
  }

  get figures(): EventFigures {
    return { ...this.#figures };
  }

  start(): void {
    this.#queue.start();
  }

  /** Sends what waits, and stops. */
  drain(): Promise<void> {
    return this.#queue.drain();
  }

  /** Drops what waits. */
  stop(): Promise<void> {
    return this.#queue.stop();
  }

  record(object: KubeObject, event: KubeEvent): void {
    if (this.#isRepeated(object, event)) {
      this.#figures.repeated++;
      return;
    }
    if (this.#waiting.size >= WAITING_LIMIT) {
      this.#figures.dropped++;
      return;
    }
    const body = this.#body(object, event);
    this.#waiting.set(body.metadata.name, { event: body, attempts: 0 });
    this.#queue.add(body.metadata.name);
  }

  #isRepeated(object: KubeObject, { type, reason, action, note }: KubeEvent): boolean {
    const { kind, metadata } = object;
    const print = JSON.stringify([kind, keyOf(object), metadata.uid, type, reason, action, note]);
    const now = this.#options.clock.monotonic();
    const last = this.#recent.get(print);
    if (last !== undefined && now - last < REPEAT_MS) return true;
    this.#recent.delete(print);
    this.#recent.set(print, now);
    for (const oldest of this.#recent.keys()) {
      if (this.#recent.size <= MEMORY) break;
      this.#recent.delete(oldest);
    }
    return false;
  }

  #body(object: KubeObject, event: KubeEvent): AnyObject {
    const { name, namespace, uid, resourceVersion } = object.metadata;
    // Events about objects of cluster scope live in `default`, as client-go puts them.
    const home = namespace ?? 'default';
    const suffix = randomBytes(8).toString('hex');
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: `${name.slice(0, 200)}.${suffix}`, namespace: home },
      eventTime: microTime(this.#options.clock.wall()),
      reportingController: this.#options.controller,
      reportingInstance: this.#options.instance.slice(0, 128),
      type: event.type,
      reason: event.reason,
      action: event.action,
      note: truncateMessage(event.note, NOTE_LIMIT),
      regarding: {
        apiVersion: object.apiVersion,
        kind: object.kind,
        name,
        ...(namespace === undefined ? {} : { namespace }),
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
    };
  }

  async #send(name: string, signal: AbortSignal): Promise<void> {
    const entry = this.#waiting.get(name);
    if (entry === undefined) return;
    await this.#bucket.take(signal);
    entry.attempts++;
    try {
      await this.#options.api.create(EVENT, entry.event, signal);
      this.#figures.sent++;
    } catch (error) {
      // Made already: the answer to an attempt before was lost.
      if (isKubeError(error, 'alreadyExists')) this.#figures.sent++;
      else if (entry.attempts < ATTEMPTS && isKubeError(error, 'unreachable', 'throttled', 'serverError')) throw error;
      else {
        this.#figures.dropped++;
        this.#waiting.delete(name);
        throw error;
      }
    }
    this.#waiting.delete(name);
  }
}
