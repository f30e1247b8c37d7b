/** Parts of a map. A hundred thousand entries make some hundred in each. */
const PARTS = 1024;

type Parts<V> = readonly (ReadonlyMap<string, V> | undefined)[];

/**
 * A map that is never changed. An edit makes another one that shares all parts but those that it touches, so it costs what it changes and not what
 * is there; the map before stays as it was. Its entries are in no particular order.
 */
export class SharedMap<K extends string, V> {
  readonly #parts: Parts<V>;
  readonly size: number;

  constructor(parts: Parts<V> = [], size = 0) {
    this.#parts = parts;
    this.size = size;
  }

  get(key: K): V | undefined {
    return this.#parts[partOf(key)]?.get(key);
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  *[Symbol.iterator](): Generator<[K, V]> {
    for (const part of this.#parts) if (part !== undefined) yield* part as ReadonlyMap<K, V>;
  }

  edit(): SharedMapEdit<K, V> {
    return new SharedMapEdit(this.#parts, this.size);
  }
}

/** A map in the making. */
export class SharedMapEdit<K extends string, V> {
  readonly #parts: (ReadonlyMap<string, V> | undefined)[];
  /** Parts that are this edit's own, to be changed in place. */
  readonly #own = new Map<number, Map<string, V>>();
  #size: number;

  constructor(parts: Parts<V>, size: number) {
    this.#parts = [...parts];
    this.#size = size;
  }

  get(key: K): V | undefined {
    return this.#parts[partOf(key)]?.get(key);
  }

  /** `undefined` removes. */
  set(key: K, value: V | undefined): void {
    const own = this.#owned(partOf(key));
    const size = own.size;
    if (value === undefined) own.delete(key);
    else own.set(key, value);
    this.#size += own.size - size;
  }

  /** The map with all edits. This edit is at its end. */
  done(): SharedMap<K, V> {
    return new SharedMap(this.#parts, this.#size);
  }

  #owned(index: number): Map<string, V> {
    let own = this.#own.get(index);
    if (own === undefined) {
      own = new Map(this.#parts[index]);
      this.#own.set(index, own);
      this.#parts[index] = own;
    }
    return own;
  }
}

/** FNV-1a over the UTF-16 code units: numbers that differ in the last digit fall into different parts. */
function partOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return (hash ^ (hash >>> 16)) & (PARTS - 1);
}
