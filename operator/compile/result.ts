import type { COMPILE_REASONS, READER_REASONS } from '../../crds/definitions/reasons.ts';
import type { Fault } from '../../crds/errors/fault.ts';
import type { ResourceKey, RoutingTable, SecretValues } from '../../crds/routing-table.ts';
import type { CompileState } from './state.ts';

/** Why a condition is as it is; one word, part of the interface. */
export type ConditionReason = (typeof COMPILE_REASONS)[number]['reason'] | (typeof READER_REASONS)[number]['reason'];

/** A condition as Kubernetes has them, without `lastTransitionTime`: whoever writes the status knows when it flips. */
export interface Condition {
  readonly type: 'Accepted' | 'ResolvedRefs';
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: ConditionReason;
  readonly message: string;
  readonly observedGeneration: number;
}

/** `KIND NAMESPACE/NAME`, for a kind of cluster scope `KIND NAME`. */
export type Identity = `${string} ${string}`;

/** What became of one PivotCallflow. */
export interface ResourceStatus {
  readonly conditions: readonly Condition[];
  /** Numbers, patterns and `no_match` that it claims: its own, those of others, and, if there are any, those that its namespace may not claim. */
  readonly numbers: { readonly owned: number; readonly conflicted: number; readonly notPermitted?: number };
  /** At most 16. */
  readonly conflicts: readonly { readonly number: string; readonly ownedBy: ResourceKey }[];
}

/** Something that is found by its key. In no particular order. */
export interface Lookup<K, V> extends Iterable<[K, V]> {
  get(key: K): V | undefined;
  readonly size: number;
}

export interface CompileResult {
  readonly table: RoutingTable;
  /** The values that the table's callflows refer to. */
  readonly secrets: SecretValues;
  readonly statuses: Lookup<ResourceKey, ResourceStatus>;
  /** Of all kinds but PivotCallflow. */
  readonly conditions: Lookup<Identity, readonly Condition[]>;
  /** Everything that is wrong anywhere, by file and line, where they are known, else by kind and name. */
  readonly faults: readonly Fault[];
  /** What the next compile needs as `previous`; opaque to everybody else. */
  readonly state: CompileState;
}
