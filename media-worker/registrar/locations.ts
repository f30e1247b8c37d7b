import { fault, PivotError } from '../../crds/errors/fault.ts';
import { storeCodes } from '../../crds/errors/store.ts';
import type { ResourceKey } from '../../crds/routing-table.ts';
import type { Logger } from '../../runtime/log.ts';
import type { Contact, Contacts } from '../dial/contacts.ts';
import type { SharedStore } from '../shared-store/store.ts';
import { type Applied, type Binding, readBindings } from './bindings.ts';

/** Where devices are, in the shared store; a copy of what was taken here serves while that is away. */
export interface Locations extends Contacts {
  /** Changes the bindings of a device in one step; `change` may be asked more than once. Rejects with a coded error when the store is away. */
  change(device: ResourceKey, change: (before: readonly Binding[]) => Applied): Promise<Applied>;
  /** Bindings that were taken here and stand. */
  readonly count: number;
}

export interface LocationsOptions {
  readonly store: SharedStore;
  readonly now: () => number;
  readonly log: Logger;
  /** Where the INVITE for a binding is sent. Default: where its REGISTER came from. */
  readonly reach?: (device: ResourceKey, binding: Binding) => Promise<Contact>;
}

/** Keys of registrations in the store. */
export const REGISTRATION = 'registration:';
/** Two telephones of a device that register in the same moment; more is no accident. */
const MOST_TRIES = 20;

export function createLocations({ store, now, log, reach = asRegistered }: LocationsOptions): Locations {
  /** Of each device that has registered here. */
  const own = new Map<ResourceKey, readonly Binding[]>();
  const live = (bindings: readonly Binding[]): readonly Binding[] => bindings.filter(({ until }) => until > now());
  const remember = (device: ResourceKey, bindings: readonly Binding[]): void => {
    if (bindings.length === 0) own.delete(device);
    else own.set(device, bindings);
  };

  return {
    get count() {
      let count = 0;
      for (const [device, bindings] of own) {
        const left = live(bindings);
        count += left.length;
        if (left.length === 0) own.delete(device);
      }
      return count;
    },
    async change(device, change) {
      const key = `${REGISTRATION}${device}`;
      for (let tries = 0; tries < MOST_TRIES; tries += 1) {
        const text = await store.get(key);
        const applied = change(readBindings(text));
        if (!applied.ok || applied.change === 'asked') return applied;
        const { bindings } = applied;
        const until = Math.max(...bindings.map((binding) => binding.until));
        const next = bindings.length === 0 ? undefined : JSON.stringify(bindings);
        const ttl = next === undefined ? undefined : until - now();
        if (!(await store.compareAndSet(key, text, next, ttl))) continue;
        remember(device, bindings);
        return applied;
      }
      throw new PivotError(fault(storeCodes.unreachable, `${device} is being changed by others all the time`));
    },
    async contactsOf(device) {
      let bindings: readonly Binding[];
      try {
        bindings = readBindings(await store.get(`${REGISTRATION}${device}`));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        log.warn({ device, reason }, 'the shared store is away: only telephones that registered here are known');
        bindings = own.get(device) ?? [];
      }
      return Promise.all(live(bindings).map((binding) => reach(device, binding)));
    },
  };
}

async function asRegistered(_device: ResourceKey, { uri, route }: Binding): Promise<Contact> {
  return { uri, route };
}
