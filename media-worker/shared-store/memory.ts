import { EventEmitter } from 'node:events';
import type { SharedStore } from './store.ts';

interface Value {
  readonly kind: 'value';
  readonly text: string;
  readonly until: number;
}

interface List {
  readonly kind: 'list';
  /** Scores by member. */
  readonly scores: Map<string, number>;
  readonly until: number;
}

/** Writes between two looks for what has expired: nothing that nobody asks for again stays for good. */
const SWEEP_EVERY = 1000;

export interface MemoryStoreOptions {
  /** Epoch milliseconds. Replaceable for tests. */
  readonly now?: () => number;
}

/** A store for one process. */
export function createMemoryStore({ now = Date.now }: MemoryStoreOptions = {}): SharedStore {
  const entries = new Map<string, Value | List>();
  const channels = new EventEmitter().setMaxListeners(0);
  let writes = 0;

  const live = (key: string): Value | List | undefined => {
    const entry = entries.get(key);
    if (entry === undefined || entry.until > now()) return entry;
    entries.delete(key);
    return undefined;
  };
  const text = (key: string): string | undefined => {
    const entry = live(key);
    return entry?.kind === 'value' ? entry.text : undefined;
  };
  const scores = (key: string): ReadonlyMap<string, number> => {
    const entry = live(key);
    return entry?.kind === 'list' ? entry.scores : new Map();
  };
  const write = (key: string, entry: Value | List): void => {
    entries.set(key, entry);
    writes += 1;
    if (writes % SWEEP_EVERY === 0) for (const each of entries.keys()) live(each);
  };
  const put = (key: string, value: string, ttlMs?: number): void =>
    write(key, { kind: 'value', text: value, until: ttlMs === undefined ? Infinity : now() + ttlMs });
  const ordered = (key: string): string[] =>
    [...scores(key)]
      .sort(([a, first], [b, second]) => first - second || Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map(([member]) => member);
  const placeIn = (key: string, member: string, score: number): void => {
    const entry = live(key);
    const list: List = entry?.kind === 'list' ? entry : { kind: 'list', scores: new Map(), until: Infinity };
    list.scores.set(member, score);
    write(key, list);
  };
  const takeOut = (key: string, member: string): boolean => {
    const entry = live(key);
    if (entry?.kind !== 'list' || !entry.scores.delete(member)) return false;
    if (entry.scores.size === 0) entries.delete(key);
    return true;
  };

  return {
    connected: true,
    get: async (key) => text(key),
    set: async (key, value, ttlMs) => put(key, value, ttlMs),
    async compareAndSet(key, expected, value, ttlMs) {
      if (text(key) !== expected) return false;
      if (value === undefined) entries.delete(key);
      else put(key, value, ttlMs);
      return true;
    },
    async delete(key) {
      entries.delete(key);
    },
    async expire(key, ttlMs) {
      const entry = live(key);
      if (entry === undefined) return false;
      entries.set(key, { ...entry, until: now() + ttlMs });
      return true;
    },
    async append(list, member) {
      const known = scores(list);
      if (!known.has(member)) placeIn(list, member, Math.max(0, ...known.values()) + 1);
      return ordered(list).indexOf(member) + 1;
    },
    place: async (list, member, score) => placeIn(list, member, score),
    remove: async (list, member) => takeOut(list, member),
    async takeFirst(list) {
      const first = ordered(list)[0];
      if (first !== undefined) takeOut(list, first);
      return first;
    },
    async position(list, member) {
      const place = ordered(list).indexOf(member);
      return place < 0 ? undefined : place + 1;
    },
    members: async (list) => ordered(list),
    size: async (list) => scores(list).size,
    async publish(channel, message) {
      channels.emit(channel, message);
    },
    async subscribe(channel, listener, signal) {
      if (signal.aborted) return;
      channels.on(channel, listener);
      signal.addEventListener('abort', () => channels.removeListener(channel, listener), { once: true });
    },
    async close() {
      channels.removeAllListeners();
    },
  };
}
