import type { Fault } from '../../crds/errors/fault.ts';
import type { ResourceKey, RoutingTable, SecretValues } from '../../crds/routing-table.ts';

/** Why a condition is as it is; one word, part of the interface. */
export type ConditionReason =
  | 'Accepted'
  | 'PartiallyAccepted'
  | 'InvalidCallflow'
  | 'NumberConflict'
  | 'ResolvedRefs'
  | 'SecretNotFound'
  | 'KeyNotFound'
  | 'CallflowNotFound'
  | 'MediaNotFound';

/** A condition as Kubernetes has them, without `lastTransitionTime`: whoever writes the status knows when it flips. */
export interface Condition {
  readonly type: 'Accepted' | 'ResolvedRefs';
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: ConditionReason;
  readonly message: string;
  readonly observedGeneration: number;
}

/** What became of one PivotCallflow. */
export interface ResourceStatus {
  readonly conditions: readonly Condition[];
  readonly faults: readonly Fault[];
  /** Numbers, patterns and `no_match` that it claims, by who has them. */
  readonly numbers: { readonly owned: number; readonly conflicted: number };
  /** At most 16. */
  readonly conflicts: readonly { readonly number: string; readonly ownedBy: ResourceKey }[];
}

export interface CompileResult {
  readonly table: RoutingTable;
  /** The values that the table's callflows refer to. */
  readonly secrets: SecretValues;
  readonly statuses: ReadonlyMap<ResourceKey, ResourceStatus>;
  /** Everything that is wrong anywhere, in the order of the resources. */
  readonly faults: readonly Fault[];
  /** What the next compile needs as `previous`; opaque to everybody else. */
  readonly lastGood: ReadonlyMap<ResourceKey, unknown>;
}
