import type { SharedStore } from '../shared-store/store.ts';

/** Whose a conference is. */
export type Owner =
  | { readonly kind: 'own' }
  | { readonly kind: 'other'; readonly worker: string; readonly address: string };

/** One worker has a conference at a time. */
export interface Ownership {
  /** Makes it this worker's, unless it is another's who is there. While the store is away every worker has its own. */
  acquire(room: string): Promise<Owner>;
  /** It is over. */
  release(room: string): void;
  close(): void;
}

export interface OwnershipOptions {
  readonly store: SharedStore;
  readonly worker: string;
  /** `HOST:PORT`; undefined: that worker is gone. Never rejects. */
  readonly addressOf: (worker: string) => Promise<string | undefined>;
}

const LEASE_MS = 15_000;
const RENEW_MS = 5_000;
const MOST_TRIES = 5;

export function createOwnership({ store, worker, addressOf }: OwnershipOptions): Ownership {
  const held = new Set<string>();
  const keyOf = (room: string): string => `room:${room}`;
  let renewing: NodeJS.Timeout | undefined;
  const renew = async (): Promise<void> => {
    // One that was lost while the store was away goes on as it is; who comes later comes to the other.
    for (const room of [...held]) await store.compareAndSet(keyOf(room), worker, worker, LEASE_MS).catch(() => {});
  };
  const hold = (room: string): Owner => {
    held.add(room);
    renewing ??= setInterval(() => void renew(), RENEW_MS).unref();
    return { kind: 'own' };
  };

  return {
    async acquire(room) {
      if (held.has(room)) return { kind: 'own' };
      try {
        for (let tries = 0; tries < MOST_TRIES; tries += 1) {
          const owner = await store.get(keyOf(room));
          const address = owner === undefined || owner === worker ? undefined : await addressOf(owner);
          if (owner !== undefined && address !== undefined) return { kind: 'other', worker: owner, address };
          if (await store.compareAndSet(keyOf(room), owner, worker, LEASE_MS)) return hold(room);
        }
      } catch {
        // The store is away.
      }
      return hold(room);
    },
    release(room) {
      if (!held.delete(room)) return;
      void store.compareAndSet(keyOf(room), worker, undefined).catch(() => {});
      if (held.size > 0) return;
      clearInterval(renewing);
      renewing = undefined;
    },
    close() {
      for (const room of [...held]) this.release(room);
    },
  };
}
