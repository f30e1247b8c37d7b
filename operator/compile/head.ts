import type { PivotResource } from '../../crds/resources.ts';
import type { ResourceKey } from '../../crds/routing-table.ts';
import { bornAt } from './claims.ts';
import type { Checked, CompiledResource } from './types.ts';

export function keyOf({ metadata }: PivotResource): ResourceKey {
  return `${metadata.namespace}/${metadata.name}`;
}

/** What every checked resource has. */
export function headOf(
  resource: CompiledResource,
): Pick<Checked, 'identity' | 'key' | 'kind' | 'account' | 'generation' | 'bornAt'> {
  const { kind, metadata } = resource;
  const key = keyOf(resource);
  return {
    identity: `${kind} ${key}`,
    key,
    kind,
    account: metadata.namespace,
    generation: metadata.generation ?? 0,
    bornAt: bornAt(metadata.creationTimestamp),
  };
}
