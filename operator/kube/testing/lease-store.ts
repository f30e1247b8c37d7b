import type { LeaseAccess, LeaseClaim, LeaseRecord } from '../lease.ts';

/**
 * How the network treats a candidate: well; no connection; no answer, and nothing arrives; the request arrives, its answer does not; requests
 * are held back and arrive when the network is well again.
 */
export type Network = 'ok' | 'down' | 'hang' | 'lost' | 'late';

/** One Lease in memory, and a way to it for each candidate that can be disturbed. */
export interface LeaseStore {
  readonly record: (LeaseRecord & { readonly renewTime: string }) | undefined;
  readonly network: Map<string, Network>;
  remove(): void;
  /** Lets arrive what was held back for a candidate. */
  release(candidate: string): void;
  accessOf(candidate: string): LeaseAccess;
}

export function createLeaseStore(): LeaseStore {
  let record: (LeaseRecord & { readonly renewTime: string }) | undefined;
  let version = 0;
  const network = new Map<string, Network>();
  const held: { readonly candidate: string; readonly arrive: () => void }[] = [];

  function write(claim: LeaseClaim, over: string | undefined): LeaseRecord | undefined {
    if (record?.resourceVersion !== over) return undefined;
    record = { ...claim, resourceVersion: String(++version) };
    return record;
  }

  async function through<T>(candidate: string, signal: AbortSignal, act: () => T): Promise<T> {
    signal.throwIfAborted();
    const state = network.get(candidate) ?? 'ok';
    if (state === 'ok') return act();
    if (state === 'down') throw new Error('connection refused');
    if (state === 'lost') act();
    return new Promise<T>((resolve, reject) => {
      if (state === 'late') held.push({ candidate, arrive: () => resolve(act()) });
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  }

  return {
    get record() {
      return record;
    },
    network,
    remove() {
      record = undefined;
    },
    release(candidate) {
      for (const one of held.filter((entry) => entry.candidate === candidate)) one.arrive();
    },
    accessOf: (candidate) => ({
      read: (signal) => through(candidate, signal, () => record),
      write: (claim, over, signal) => through(candidate, signal, () => write(claim, over)),
    }),
  };
}
