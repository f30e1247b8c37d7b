import { type KubeObject, keyOf } from './objects.ts';

/** What is known of the objects of one kind, by key (`NAMESPACE/NAME`, or `NAME`). */
export interface ObjectStore<T extends KubeObject> {
  readonly size: number;
  get(key: string): T | undefined;
  has(key: string): boolean;
  keys(): IterableIterator<string>;
  values(): IterableIterator<T>;
}

/** Something that happened to an object. An object deleted and made anew under the same name while nobody looked is an update: compare `uid`. */
export type Change<T extends KubeObject> =
  | { readonly type: 'add'; readonly key: string; readonly object: T }
  | { readonly type: 'update'; readonly key: string; readonly object: T; readonly old: T }
  /** `missed`: that it was deleted was not seen; a later list did not have it. */
  | { readonly type: 'delete'; readonly key: string; readonly old: T; readonly missed?: true };

/** The store that a reflector writes. Between two writes it is exactly what the server had at one moment. */
export class MutableStore<T extends KubeObject> implements ObjectStore<T> {
  #objects: Map<string, T> = new Map();

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  has(key: string): boolean {
    return this.#objects.has(key);
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  values(): IterableIterator<T> {
    return this.#objects.values();
  }

  /** Undefined when the object is known in this version already, as after a resumed watch. */
  set(object: T): Change<T> | undefined {
    const key = keyOf(object);
    const old = this.#objects.get(key);
    this.#objects.set(key, object);
    return changeOf(key, old, object);
  }

  delete(key: string): Change<T> | undefined {
    const old = this.#objects.get(key);
    this.#objects.delete(key);
    return old === undefined ? undefined : { type: 'delete', key, old };
  }

  /**
   * Puts a whole new state in the place of the old at once, and tells lazily what the difference is: additions and updates first, then
   * deletions, so that something that only moved is never gone in between.
   */
  replace(objects: Map<string, T>): Iterable<Change<T>> {
    const before = this.#objects;
    this.#objects = objects;
    return differences(before, objects);
  }
}

function* differences<T extends KubeObject>(before: Map<string, T>, after: Map<string, T>): Generator<Change<T>> {
  for (const [key, object] of after) {
    const change = changeOf(key, before.get(key), object);
    if (change !== undefined) yield change;
  }
  for (const [key, old] of before) if (!after.has(key)) yield { type: 'delete', key, old, missed: true };
}

function changeOf<T extends KubeObject>(key: string, old: T | undefined, object: T): Change<T> | undefined {
  if (old === undefined) return { type: 'add', key, object };
  const same =
    old.metadata.resourceVersion !== undefined &&
    old.metadata.resourceVersion === object.metadata.resourceVersion &&
    old.metadata.uid === object.metadata.uid;
  return same ? undefined : { type: 'update', key, object, old };
}
