import { setInterval } from 'node:timers';
import type { Logger } from '../../runtime/log.ts';
import type { SharedStore } from '../shared-store/store.ts';

/** Which workers there are, and at which SIP address each is reached. */
export interface Presence {
  /** `HOST:PORT`, UDP; undefined: it is gone, or the store is away. Never rejects. */
  addressOf(worker: string): Promise<string | undefined>;
  /** Says at once what has changed. */
  announce(): void;
  /** Says that this worker is gone. */
  close(): Promise<void>;
}

export interface PresenceOptions {
  readonly store: SharedStore;
  readonly worker: string;
  /** Of this worker; undefined while there is none. */
  readonly address: () => string | undefined;
  readonly log: Logger;
}

/** Who is not heard of for so long is gone. */
const LEASE_MS = 15_000;
const RENEW_MS = 5_000;

export function createPresence({ store, worker, address, log }: PresenceOptions): Presence {
  const keyOf = (name: string): string => `worker:${name}`;
  let closed = false;
  let failed = false;
  const say = async (): Promise<void> => {
    const own = address();
    if (own === undefined || closed) return;
    try {
      await store.set(keyOf(worker), own, LEASE_MS);
      failed = false;
    } catch (error) {
      // Once, and not every few seconds; the store says itself that it is away.
      if (!failed) log.debug({ err: error }, 'this worker could not be announced');
      failed = true;
    }
  };
  const timer = setInterval(() => void say(), RENEW_MS).unref();
  return {
    async addressOf(name) {
      try {
        return await store.get(keyOf(name));
      } catch {
        return undefined;
      }
    },
    announce: () => void say(),
    async close() {
      closed = true;
      clearInterval(timer);
      await store.delete(keyOf(worker)).catch(() => {});
    },
  };
}
