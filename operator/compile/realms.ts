import { type Fault, fault } from '../../crds/errors/fault.ts';
import { manifestCodes } from '../../crds/errors/manifest.ts';
import type { ResourceKey } from '../../crds/routing-table.ts';
import { compareText } from '../../crds/table-version.ts';
import { type CheckedCallflow, REALM_ANNOTATION } from './check.ts';
import { allocate } from './claims.ts';

/** Which account each realm belongs to, and who wanted a realm that another account has. */
export function allocateRealms(callflows: readonly CheckedCallflow[]): {
  readonly table: Readonly<Record<string, string>>;
  readonly faults: ReadonlyMap<ResourceKey, readonly Fault[]>;
} {
  // Realms are given away like E.164 numbers: one space for the cluster, the oldest claim first.
  const accounts = new Map(callflows.map((one) => [one.key, one.account]));
  const owners = allocate(
    callflows.map((one) => ({
      ...one,
      claims: one.realms.map((value) => ({ kind: 'e164', value, pointer: '' }) as const),
    })),
  );
  const table = [...owners].map(([claim, key]): [string, string] => [claim.slice('e164 '.length), accounts.get(key)!]);
  const owner = new Map(table);
  const faults = new Map<ResourceKey, Fault[]>();
  for (const { key, account, realms } of callflows) {
    const lost = realms.filter((realm) => owner.get(realm) !== account);
    const report = (realm: string): Fault =>
      fault(
        manifestCodes.invalidRealm,
        `${REALM_ANNOTATION}: "${realm}" belongs to the namespace ${owner.get(realm)}`,
        {
          pointer: '/metadata/annotations/pivot.voice~1realm',
        },
      );
    if (lost.length > 0) faults.set(key, lost.map(report));
  }
  return { table: Object.fromEntries(table.sort(([a], [b]) => compareText(a, b))), faults };
}
