import { type LookupAddress, lookup } from 'node:dns';
import { isIP } from 'node:net';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import { webhookCodes } from '../../crds/errors/webhook.ts';
import type { AddressPolicy } from './policy.ts';

/** Resolves a host name to all its addresses; rejects with an error that has a `code`. */
export type LookupAll = (hostname: string) => Promise<readonly LookupAddress[]>;

export type Resolution =
  | { readonly ok: true; readonly addresses: readonly LookupAddress[] }
  | { readonly ok: false; readonly fault: Fault };

export interface Resolver {
  /** The addresses of a host that may be connected to, at least one, or why there is none. */
  resolve(hostname: string): Promise<Resolution>;
}

/**
 * `getaddrinfo`, so that /etc/hosts and the search domains of a pod hold. Lookups of one name at the same time are one: libuv
 * runs only two slow lookups at once, and calls to a name whose server is dead must not use them up for the others.
 */
export function systemLookup(): LookupAll {
  const inFlight = new Map<string, Promise<readonly LookupAddress[]>>();
  return (hostname) => {
    const known = inFlight.get(hostname);
    if (known !== undefined) return known;
    const { promise, resolve, reject } = Promise.withResolvers<readonly LookupAddress[]>();
    inFlight.set(hostname, promise);
    lookup(hostname, { all: true, order: 'verbatim' }, (error, addresses) => {
      inFlight.delete(hostname);
      if (error) reject(error);
      else resolve(addresses);
    });
    return promise;
  };
}

/**
 * Resolves and judges in one step. The caller connects to the very addresses that were judged and never resolves again, so that a
 * name server that changes its answer (DNS rebinding) gains nothing. The policy is asked for at each name.
 */
export function createResolver(current: () => AddressPolicy, lookupAll: LookupAll): Resolver {
  return {
    async resolve(hostname) {
      const policy = current();
      const family = isIP(hostname);
      if (family !== 0) {
        const refusal = policy.refuseAddress(hostname, hostname);
        return refusal === undefined
          ? { ok: true, addresses: [{ address: hostname, family }] }
          : { ok: false, fault: refusal };
      }
      const refusal = policy.refuseHost(hostname);
      if (refusal !== undefined) return { ok: false, fault: refusal };
      let found: readonly LookupAddress[];
      try {
        found = await lookupAll(hostname);
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
        return { ok: false, fault: fault(webhookCodes.dns, `${hostname} could not be resolved (${code})`) };
      }
      const refusals: Fault[] = [];
      const addresses = found.filter(({ address }) => {
        const reason = policy.refuseAddress(hostname, address);
        if (reason !== undefined) refusals.push(reason);
        return reason === undefined;
      });
      if (addresses.length > 0) return { ok: true, addresses };
      return { ok: false, fault: refusals[0] ?? fault(webhookCodes.dns, `${hostname} has no address`) };
    },
  };
}
