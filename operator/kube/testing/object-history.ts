import { type AnyObject, keyOf } from '../objects.ts';

export interface HistoryEvent {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: AnyObject;
}

/** What etcd and the watch cache are to an API server: the objects of one kind at every version since the last compaction. */
export class ObjectHistory {
  /** How many versions the server's cache, which answers lists at version 0, is behind. */
  cacheLag = 0;
  readonly #states: { readonly version: number; readonly objects: ReadonlyMap<string, AnyObject> }[] = [];
  #events: HistoryEvent[] = [];
  #version = 100;
  #compacted = 0;
  #uids = 0;
  readonly #listeners = new Set<(event: HistoryEvent) => void>();

  constructor() {
    this.#states.push({ version: this.#version, objects: new Map() });
  }

  get version(): number {
    return this.#version;
  }

  /** The first version with any object in it. */
  get oldest(): number {
    return this.#states[Math.min(1, this.#states.length - 1)]!.version;
  }

  /** Versions below are gone: asking for them is 410. */
  get compacted(): number {
    return this.#compacted;
  }

  get objects(): ReadonlyMap<string, AnyObject> {
    return this.#states.at(-1)!.objects;
  }

  /** The objects as they were at a version. */
  at(version: number): ReadonlyMap<string, AnyObject> {
    return this.#states.findLast((state) => state.version <= version)?.objects ?? new Map();
  }

  /** Creates or replaces; sets uid, resourceVersion, creationTimestamp and generation as the server does. */
  put(object: AnyObject): AnyObject {
    const key = keyOf(object);
    const old = this.objects.get(key);
    const version = ++this.#version;
    const same = old !== undefined && JSON.stringify(old['spec']) === JSON.stringify(object['spec']);
    const stored: AnyObject = {
      ...object,
      metadata: {
        ...object.metadata,
        uid: old?.metadata.uid ?? `uid-${++this.#uids}`,
        resourceVersion: String(version),
        generation: (old?.metadata.generation ?? 0) + (same ? 0 : 1),
        creationTimestamp: old?.metadata.creationTimestamp ?? '2026-01-01T00:00:00Z',
      },
    };
    const objects = new Map(this.objects).set(key, stored);
    this.#states.push({ version, objects });
    this.#tell({ version, type: old === undefined ? 'ADDED' : 'MODIFIED', object: stored });
    return stored;
  }

  remove(key: string): AnyObject | undefined {
    const old = this.objects.get(key);
    if (old === undefined) return undefined;
    const version = ++this.#version;
    const objects = new Map(this.objects);
    objects.delete(key);
    this.#states.push({ version, objects });
    const object: AnyObject = { ...old, metadata: { ...old.metadata, resourceVersion: String(version) } };
    this.#tell({ version, type: 'DELETED', object });
    return object;
  }

  /** Something else in etcd has changed: the version moves on, the objects don't. */
  touch(): void {
    this.#version++;
  }

  /** Forgets how it came to the present state. */
  compact(): void {
    this.#compacted = this.#version;
    this.#events = [];
  }

  eventsAfter(version: number): HistoryEvent[] {
    return this.#events.filter((event) => event.version > version);
  }

  onEvent(listener: (event: HistoryEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(event: HistoryEvent): void {
    this.#events.push(event);
    for (const listener of [...this.#listeners]) listener(event);
  }
}
