import type { PivotCallflow } from '../crds/resources.ts';
import type { ResourceKey } from '../crds/routing-table.ts';
import { type CallflowSource, type CallflowView, viewOf } from '../debug/callflows.ts';
import type { ManifestSource } from './manifests.ts';

/** The callflows of the manifests with their conditions. `tableVersion`: of the table that calls are routed by now. */
export function callflowsOf(manifests: ManifestSource, tableVersion: () => string | undefined): CallflowSource {
  const view = ({ metadata, spec }: PivotCallflow): CallflowView => {
    const key: ResourceKey = `${metadata.namespace}/${metadata.name}`;
    const { result } = manifests.latest();
    const live = result.table.version === tableVersion();
    const programmed = {
      type: 'Programmed',
      status: live ? 'True' : 'False',
      reason: live ? 'Programmed' : 'Pending',
      message: live ? 'Calls are routed by it' : 'Calls are still routed by an earlier table',
    };
    return viewOf(metadata, spec, [...(result.statuses.get(key)?.conditions ?? []), programmed]);
  };
  return {
    list: () => manifests.latest().callflows.map(view),
    watch: (changed) => manifests.watch(changed),
  };
}
