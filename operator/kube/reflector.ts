import { type Clock, deadline, type Random, sleep } from '../../runtime/clock.ts';
import type { KubeApi, Selection } from './api.ts';
import { KubeError } from './kube-error.ts';
import { listAll } from './list-all.ts';
import { type AnyObject, type KubeObject, keyOf, type ResourceType } from './objects.ts';
import { Recovery, type RecoveryLimits } from './recovery.ts';
import { createSlices, type Slices } from './slices.ts';
import { type Change, MutableStore, type ObjectStore } from './store.ts';
import type { WatchEvent } from './watch-stream.ts';

export interface ReflectorTiming extends RecoveryLimits {
  /** Objects of a page of a list. */
  readonly pageSize: number;
  /** How long the server is asked to keep a watch open, give or take a fifth. Seconds. */
  readonly watchSeconds: number;
  /** How much longer than that nothing may come before the watch counts as dead. Milliseconds. */
  readonly graceMs: number;
}

export const REFLECTOR_TIMING: ReflectorTiming = {
  pageSize: 500,
  watchSeconds: 290,
  graceMs: 30_000,
  backoff: { minMs: 500, maxMs: 30_000 },
  passing: { minMs: 500, maxMs: 4_000 },
};

/** Versions to list at: whatever the server's cache has, which spares etcd; and the latest, after which nothing goes back in time. */
const CACHED = '0';
const LATEST = '';

export interface ReflectorOptions<T extends KubeObject> {
  readonly api: Pick<KubeApi, 'list' | 'watch'>;
  readonly type: ResourceType;
  readonly selection?: Selection;
  /** What is kept of an object. An object for which it throws keeps its former state. */
  readonly transform: (object: AnyObject) => T;
  /** Called after the store has changed. May throw: it is counted and reported, and nothing else happens. */
  readonly onChange: (change: Change<T>) => void;
  /** Told of everything that went wrong and is being dealt with. */
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly timing?: Partial<ReflectorTiming>;
}

export interface ReflectorFigures {
  /** Full lists taken after the first. */
  readonly relists: number;
  /** Watches begun after the first. */
  readonly restarts: number;
  readonly failures: number;
  readonly handlerFailures: number;
  /** Since the last event, bookmark or list; undefined before the first. Milliseconds. */
  readonly lastEventAgeMs: number | undefined;
}

/**
 * Keeps a copy of all objects of a kind: lists, then watches, for ever. The contract of client-go's Reflector, which client-node's informer does
 * not keep: it never gives up and never forgets. The store is at any moment what the server had at one version, and goes from there only forward.
 */
export class Reflector<T extends KubeObject> {
  /** True once the first list is in the store and told to `onChange`; false if the reflector was stopped before. */
  readonly synced: Promise<boolean>;
  readonly #options: ReflectorOptions<T>;
  readonly #timing: ReflectorTiming;
  readonly #store = new MutableStore<T>();
  readonly #controller = new AbortController();
  readonly #slices: Slices;
  readonly #settle: (synced: boolean) => void;
  #version: string | undefined;
  /** The version to list at before the next watch; undefined: watch on. */
  #listFrom: string | undefined = CACHED;
  #running: Promise<void> | undefined;
  #lists = 0;
  #watches = 0;
  #failures = 0;
  #handlerFailures = 0;
  #events = 0;
  #lastEventAt: number | undefined;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#timing = { ...REFLECTOR_TIMING, ...options.timing };
    this.#slices = createSlices(options.clock);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.synced = promise;
    this.#settle = resolve;
  }

  get store(): ObjectStore<T> {
    return this.#store;
  }

  /** The version of the server's state that the store holds; undefined before the first list. */
  get version(): string | undefined {
    return this.#version;
  }

  get figures(): ReflectorFigures {
    return {
      relists: Math.max(0, this.#lists - 1),
      restarts: Math.max(0, this.#watches - 1),
      failures: this.#failures,
      handlerFailures: this.#handlerFailures,
      lastEventAgeMs: this.#lastEventAt === undefined ? undefined : this.#options.clock.monotonic() - this.#lastEventAt,
    };
  }

  /** Begins. Once more is no harm; a reflector that was stopped stays so. */
  start(): void {
    this.#running ??= this.#run(this.#controller.signal);
  }

  /** Ends the watch; resolves when nothing more will be told. The store stays readable. */
  async stop(): Promise<void> {
    this.#controller.abort(new Error('the reflector was stopped'));
    await this.#running;
    this.#settle(false);
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    const recovery = new Recovery(this.#timing, random);
    while (!signal.aborted) {
      const step = this.#listFrom === undefined ? 'watch' : 'list';
      const begun = clock.monotonic();
      const events = this.#events;
      let error: unknown;
      try {
        if (step === 'list') {
          await this.#list(signal);
          continue;
        }
        await this.#watch(signal);
      } catch (thrown) {
        error = thrown;
      }
      if (signal.aborted) return;
      if (error !== undefined) this.#failed(error);
      const progress = this.#events !== events;
      const { relist, waitMs } = recovery.after({ step, error, tookMs: clock.monotonic() - begun, progress });
      if (relist) this.#listFrom = LATEST;
      if (waitMs > 0) await sleep(clock, waitMs, signal);
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { api, type, selection, clock } = this.#options;
    const options = { ...selection, resourceVersion: this.#listFrom ?? LATEST, pageSize: this.#timing.pageSize };
    const { items, resourceVersion } = await listAll(api, type, options, clock, signal);
    const objects = new Map<string, T>();
    for (const item of items) {
      const kept = this.#transform(item) ?? this.#store.get(keyOf(item));
      if (kept !== undefined) objects.set(keyOf(item), kept);
      if (this.#slices.due) await this.#slices.turn();
    }
    const changes = this.#store.replace(objects);
    this.#lists++;
    this.#version = resourceVersion;
    this.#listFrom = undefined;
    this.#lastEventAt = clock.monotonic();
    for (const change of changes) {
      this.#tell(change);
      if (this.#slices.due) await this.#slices.turn();
      if (signal.aborted) return;
    }
    this.#settle(true);
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { api, type, selection, clock, random } = this.#options;
    // Each watch a little different, so that those of many replicas do not all end together (client-go: 5 to 10 minutes).
    const timeoutSeconds = Math.max(1, Math.round(this.#timing.watchSeconds * (0.8 + 0.4 * random())));
    const patienceMs = timeoutSeconds * 1000 + this.#timing.graceMs;
    const silent = () => new KubeError('silent', `watch ${type.plural}: nothing came for ${patienceMs / 1000} s`);
    const guard = deadline(clock, patienceMs, silent, signal);
    this.#watches++;
    try {
      const options = { ...selection, resourceVersion: this.#version ?? CACHED, timeoutSeconds };
      for await (const event of api.watch(type, options, guard.signal)) {
        if (signal.aborted) return;
        guard.extend(patienceMs);
        this.#take(event);
        if (this.#slices.due) await this.#slices.turn();
      }
    } finally {
      guard.cancel();
    }
  }

  #take(event: WatchEvent): void {
    this.#events++;
    this.#lastEventAt = this.#options.clock.monotonic();
    if (event.type === 'BOOKMARK') {
      this.#version = event.resourceVersion;
      return;
    }
    const { object } = event;
    let change: Change<T> | undefined;
    if (event.type === 'DELETED') change = this.#store.delete(keyOf(object));
    else {
      const kept = this.#transform(object);
      if (kept !== undefined) change = this.#store.set(kept);
    }
    // Before telling: whoever is told finds the store and its version in step.
    this.#version = object.metadata.resourceVersion ?? this.#version;
    if (change !== undefined) this.#tell(change);
  }

  #transform(object: AnyObject): T | undefined {
    try {
      return this.#options.transform(object);
    } catch (error) {
      this.#handlerFailed(error);
      return undefined;
    }
  }

  #tell(change: Change<T>): void {
    try {
      this.#options.onChange(change);
    } catch (error) {
      this.#handlerFailed(error);
    }
  }

  #handlerFailed(error: unknown): void {
    this.#handlerFailures++;
    this.#report(new KubeError('handlerFailed', `${this.#options.type.kind}: ${String(error)}`, { cause: error }));
  }

  #failed(error: unknown): void {
    this.#failures++;
    this.#report(error);
  }

  #report(error: unknown): void {
    try {
      this.#options.onError(error);
    } catch {
      // Whoever is told of errors has no one to tell of its own.
    }
  }
}

/** A `transform` that keeps all but `managedFields`, which nobody reads and which is often half of an object. */
export function withoutManagedFields(object: AnyObject): AnyObject {
  const { managedFields: _fields, ...metadata } = object.metadata as AnyObject['metadata'] & {
    managedFields?: unknown;
  };
  return { ...object, metadata };
}
