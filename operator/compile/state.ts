import type { Fault } from '../../crds/errors/fault.ts';
import type { ResourceKey, RoutingTable, SecretValues } from '../../crds/routing-table.ts';
import { addDigest, memberDigest, type TableDigest } from '../../crds/table-hash.ts';
import { type Declared, NOTHING } from './declared.ts';
import { type Mentions, NOBODY } from './mentions.ts';
import type { NumberRight } from './number-rights.ts';
import type { Condition, Identity, ResourceStatus } from './result.ts';
import { SharedMap } from './shared-map.ts';
import type { Verdict } from './types.ts';

/** Rules for all resources: when one changes, all are weighed anew. */
export interface Rules {
  readonly allowLoopbackUrls: boolean;
  readonly numberRights: readonly NumberRight[];
}

/** What a compile leaves for the next one, so that it need look only at what has changed. Never changed itself. */
export interface CompileState {
  readonly rules: Rules;
  readonly declared: Declared;
  readonly verdicts: SharedMap<Identity, Verdict>;
  /** Who may have each claim, by `claimName`. */
  readonly claimants: Mentions;
  /** Who refers to each resource, by its identity. */
  readonly referrers: Mentions;
  readonly statuses: SharedMap<ResourceKey, ResourceStatus>;
  readonly conditions: SharedMap<Identity, readonly Condition[]>;
  /** Of those that have any. */
  readonly faults: ReadonlyMap<Identity, readonly Fault[]>;
  readonly values: SecretValues;
  readonly table: RoutingTable;
  /** Of `table`, without its version. */
  readonly digest: TableDigest;
}

/** The state before anything was compiled. */
export function emptyState(rules: Rules): CompileState {
  const table = { version: '', defaultAccount: '', realms: {}, routes: [], callflows: {} };
  return {
    rules,
    declared: NOTHING,
    verdicts: new SharedMap(),
    claimants: NOBODY,
    referrers: NOBODY,
    statuses: new SharedMap(),
    conditions: new SharedMap(),
    faults: new Map(),
    values: new Map(),
    table,
    digest: addDigest(memberDigest('defaultAccount', table.defaultAccount), memberDigest('realms', table.realms)),
  };
}
