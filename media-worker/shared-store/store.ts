/**
 * What the workers of a cluster know together: registered telephones, who is in which queue, which worker owns a conference. Values are
 * small texts; nothing here is a secret. On one machine it is kept in memory; in a cluster, Redis or Valkey keeps it.
 *
 * Each operation is atomic. All reject with a coded error (PV-2301) when the store cannot be reached within 2 s: a caller's call goes on
 * without what it would have told.
 */
export interface SharedStore {
  /** The value of a key; undefined when there is none, or it has expired. */
  get(key: string): Promise<string | undefined>;
  /** Sets a key; after `ttlMs` it is gone. Without, it stays. */
  set(key: string, value: string, ttlMs?: number): Promise<void>;
  /**
   * Sets a key if its value is `expected` (undefined: if there is none), or deletes it where `value` is undefined. Whether it did. The way to
   * own something: set it if absent, renew it with the same value, delete it if it is still one's own.
   */
  compareAndSet(key: string, expected: string | undefined, value: string | undefined, ttlMs?: number): Promise<boolean>;
  /** Deletes a key, a list too. */
  delete(key: string): Promise<void>;
  /** Lets a key or a list go after `ttlMs`, counted anew. Whether it was there. */
  expire(key: string, ttlMs: number): Promise<boolean>;

  /** Puts a member at the end of a list; one that is in it keeps its place. Resolves with its place, from 1. */
  append(list: string, member: string): Promise<number>;
  /** Puts a member where `score` says (lowest first); one that is in the list moves. Equal scores stand in the order of their bytes. */
  place(list: string, member: string, score: number): Promise<void>;
  /** Takes a member out. Whether it was in. */
  remove(list: string, member: string): Promise<boolean>;
  /** Takes the first member out; undefined when the list is empty. */
  takeFirst(list: string): Promise<string | undefined>;
  /** The place of a member, from 1; undefined when it is not in. */
  position(list: string, member: string): Promise<number | undefined>;
  /** All members, first to last. */
  members(list: string): Promise<readonly string[]>;
  /** How many there are. */
  size(list: string): Promise<number>;

  /** Tells whoever listens to a channel now, on all workers, this one too. Nothing is kept for later. */
  publish(channel: string, message: string): Promise<void>;
  /**
   * Listens to a channel until `signal` aborts; resolves once nothing is missed any more. While the store is away messages are lost: who
   * listens has to look for himself, too, from time to time.
   */
  subscribe(channel: string, listener: (message: string) => void, signal: AbortSignal): Promise<void>;

  /** Whether the store can be reached now. */
  readonly connected: boolean;
  /** Ends the connection. Nothing is deleted. */
  close(): Promise<void>;
}
