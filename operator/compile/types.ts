import type { Referred } from '../../crds/callflow/schema.ts';
import type { Fault } from '../../crds/errors/fault.ts';
import type { Located, PivotResource } from '../../crds/resources.ts';
import type {
  CompiledCallflow,
  CompiledDevice,
  CompiledMedia,
  CompiledTrunk,
  CompiledUser,
  ResourceKey,
  Route,
} from '../../crds/routing-table.ts';
import type { Claim, Loss } from './claims.ts';
import type { Condition, Identity, ResourceStatus } from './result.ts';

/** Kinds that become entries of the table. */
export type CompiledKind = 'PivotCallflow' | 'PivotMedia' | 'PivotTrunk' | 'PivotUser' | 'PivotDevice';
export type CompiledResource = Extract<PivotResource, { readonly kind: CompiledKind }>;

/** What a resource refers to, by name, in its own namespace: nothing can name another. */
export type Reference =
  | { readonly kind: 'Secret'; readonly name: string; readonly key: string; readonly pointer: string }
  | {
      readonly kind: Referred;
      readonly name: string;
      /** Who refers to it, for people: a module, or a kind. */
      readonly subject: string;
      /** Where it does so in the resource. */
      readonly pointer: string;
    };

/** The records of the table, and what an entry of each is. */
export interface TableRecords {
  readonly callflows: CompiledCallflow;
  readonly media: CompiledMedia;
  readonly trunks: CompiledTrunk;
  readonly users: CompiledUser;
  readonly devices: CompiledDevice;
}
/** An entry of one of the table's records. */
export type TableEntry = {
  [R in keyof TableRecords]: { readonly record: R; readonly value: TableRecords[R] };
}[keyof TableRecords];

/** A resource that is valid by itself, ready to be weighed against the others. */
export interface Checked {
  readonly identity: Identity;
  readonly key: ResourceKey;
  readonly kind: CompiledKind;
  readonly account: string;
  readonly generation: number;
  /** Milliseconds since 1970; what does not say it counts as youngest. */
  readonly bornAt: number;
  readonly claims: readonly Claim[];
  readonly references: readonly Reference[];
  /** Undefined when it is not to be used (`enabled: false`). */
  readonly entry: TableEntry | undefined;
}

export interface CheckOptions {
  /** Lets URLs name this machine, as `pivot up` does. */
  readonly allowLoopbackUrls?: boolean;
}

/** The outcome of checking one resource. It depends on nothing else, so it can be kept. */
export interface Check {
  /** Errors and warnings, places as JSON pointers into the resource. */
  readonly faults: readonly Fault[];
  /** Undefined when there is an error. */
  readonly checked: Checked | undefined;
}

/** A claim that may be made, under the name by which claims are told apart, and the route that it is if it is won. */
export interface Stake {
  readonly claim: Claim;
  readonly name: string;
  readonly route: Route | undefined;
}

/** A resource among the others. */
export interface Candidate {
  readonly located: Located<CompiledResource>;
  readonly check: Check;
  /** What goes into the table: its present state, or the last good one. */
  readonly used: Checked | undefined;
  readonly stakes: readonly Stake[];
  /** Claims that the fleet's number rights keep from it. */
  readonly notPermitted: readonly Loss[];
}

/** What became of a candidate. */
export interface Verdict {
  readonly candidate: Candidate;
  /** With file and line, where they are known. */
  readonly faults: readonly Fault[];
  readonly conditions: readonly Condition[];
  /** Of a PivotCallflow. */
  readonly status: ResourceStatus | undefined;
  readonly routes: readonly Route[];
  readonly entry: TableEntry | undefined;
}
