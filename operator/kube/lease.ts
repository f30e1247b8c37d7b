import type { KubeApi } from './api.ts';
import { microTime } from './conditions.ts';
import { isKubeError, KubeError } from './kube-error.ts';
import { type AnyObject, isRecord, type ResourceType } from './objects.ts';

const LEASE: ResourceType = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};

/** A Lease as it was read. */
export interface LeaseRecord {
  readonly resourceVersion: string;
  /** Empty: nobody. */
  readonly holder: string;
  /** What its holder promised: free again this long after the last renewal. Milliseconds. */
  readonly durationMs: number;
  /** RFC 3339, by the holder's clock; compared with nothing. */
  readonly acquireTime: string | undefined;
  /** Grows with each term. */
  readonly transitions: number;
}

export interface LeaseClaim {
  readonly holder: string;
  readonly durationMs: number;
  readonly transitions: number;
  readonly acquireTime: string;
  readonly renewTime: string;
}

/** Access to one Lease. */
export interface LeaseAccess {
  /** Undefined: there is none yet. */
  read(signal: AbortSignal): Promise<LeaseRecord | undefined>;
  /** Creates it (`over` undefined) or replaces just the version `over`. Undefined: somebody else was quicker. */
  write(claim: LeaseClaim, over: string | undefined, signal: AbortSignal): Promise<LeaseRecord | undefined>;
}

export function createLeaseAccess(
  api: Pick<KubeApi, 'get' | 'create' | 'update'>,
  at: { readonly namespace: string; readonly name: string },
): LeaseAccess {
  return {
    async read(signal) {
      try {
        return parseLease(await api.get(LEASE, at, signal));
      } catch (error) {
        if (isKubeError(error, 'notFound')) return undefined;
        throw error;
      }
    },
    async write(claim, over, signal) {
      const lease: AnyObject = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { ...at, ...(over === undefined ? {} : { resourceVersion: over }) },
        spec: {
          holderIdentity: claim.holder,
          // Whole seconds, at least one: the server refuses 0.
          leaseDurationSeconds: Math.max(1, Math.ceil(claim.durationMs / 1000)),
          leaseTransitions: claim.transitions,
          acquireTime: claim.acquireTime,
          renewTime: claim.renewTime,
        },
      };
      try {
        return parseLease(await (over === undefined ? api.create : api.update)(LEASE, lease, signal));
      } catch (error) {
        if (isKubeError(error, 'conflict', 'alreadyExists', 'notFound')) return undefined;
        throw error;
      }
    },
  };
}

function parseLease(object: AnyObject): LeaseRecord {
  const { resourceVersion } = object.metadata;
  const spec = isRecord(object['spec']) ? object['spec'] : {};
  if (resourceVersion === undefined) throw new KubeError('malformed', 'a Lease has no resourceVersion');
  const { holderIdentity, leaseDurationSeconds, acquireTime, leaseTransitions } = spec;
  return {
    resourceVersion,
    holder: typeof holderIdentity === 'string' ? holderIdentity : '',
    durationMs: typeof leaseDurationSeconds === 'number' ? leaseDurationSeconds * 1000 : 0,
    acquireTime: typeof acquireTime === 'string' ? acquireTime : undefined,
    transitions: typeof leaseTransitions === 'number' ? leaseTransitions : 0,
  };
}

/** What to write to hold a Lease from now on, to go on holding it, or (with an empty `holder`) to give it up. */
export function claimOf(
  record: LeaseRecord | undefined,
  holder: string,
  durationMs: number,
  transitions: number,
  wallMs: number,
): LeaseClaim {
  const now = microTime(wallMs);
  const goesOn = record?.holder === holder && record.transitions === transitions;
  return {
    holder,
    durationMs,
    transitions,
    acquireTime: goesOn ? (record.acquireTime ?? now) : now,
    renewTime: now,
  };
}
