import type { Located, PivotFleet } from '../../crds/resources.ts';
import { canonicalJson } from '../../crds/table-version.ts';
import { nextDeclared } from './declared.ts';
import { chooseFleet, DEFAULT_FLEET } from './fleets.ts';
import { inOrder, nextReports } from './reports.ts';
import type { CompileResult } from './result.ts';
import { nextValues } from './secrets.ts';
import { emptyState, type Rules } from './state.ts';
import { nextTable } from './table.ts';
import type { CheckOptions } from './types.ts';
import { weigh } from './weigh.ts';

export interface CompileOptions extends CheckOptions {
  /** Name of the PivotFleet that counts; `default` unless set. */
  readonly fleet?: string;
  /** Account of calls that name no other, unless the fleet names one; `default` unless set. */
  readonly defaultAccount?: string;
  /** Unless the fleet has one. */
  readonly baseDomain?: string;
  /**
   * The last result. What has become invalid stays in the table as it was there, and what has not changed (its resource is the same object) is
   * neither checked nor weighed again.
   */
  readonly previous?: Pick<CompileResult, 'state'>;
}

/**
 * Turns resources into the routing table, the secret values that go with it, and what to tell about each resource. Pure: no clock, no
 * I/O, and the order of the resources does not matter, but that of two with the same name the first counts.
 *
 * Each resource is checked by itself (`check.ts`), then weighed against the others (`weigh.ts`), of which it knows no more than `Facts` tells. So
 * after a change only those are weighed again that have changed, and those that mention a name of which something else is now true.
 */
export function compile(resources: readonly Located[], options: CompileOptions = {}): CompileResult {
  const known = options.previous?.state;
  const fleet = chooseFleet(fleetsOf(resources), options.fleet ?? DEFAULT_FLEET);
  const rules: Rules = {
    allowLoopbackUrls: options.allowLoopbackUrls === true,
    numberRights: fleet.spec?.numberRights ?? [],
  };
  const holds = known !== undefined && canonicalJson(known.rules) === canonicalJson(rules);
  const before = holds ? known : emptyState(rules);

  const next = nextDeclared(before.declared, resources);
  const weighed = weigh(next, rules, before, known);
  const { verdicts, claimants, referrers } = weighed;
  const { defaultAccount, baseDomain } = options;
  const { table, digest } = nextTable(before, weighed, {
    ...(defaultAccount === undefined ? {} : { defaultAccount }),
    ...(baseDomain === undefined ? {} : { baseDomain }),
    fleet: fleet.spec,
  });
  const values = nextValues(before.values, next.changed, weighed, next.declared);
  const { statuses, conditions, faults } = nextReports(before, weighed.changes, next.changed, fleet);
  return {
    table,
    secrets: values,
    statuses,
    conditions,
    faults: inOrder(faults, [...fleet.faults, ...next.declared.duplicates]),
    state: {
      rules,
      declared: next.declared,
      verdicts,
      claimants,
      referrers,
      statuses,
      conditions,
      faults,
      values,
      table,
      digest,
    },
  };
}

function fleetsOf(resources: readonly Located[]): readonly Located<PivotFleet>[] {
  const fleets = new Map<string, Located<PivotFleet>>();
  for (const located of resources) {
    const { kind, metadata } = located.resource;
    if (kind === 'PivotFleet' && !fleets.has(metadata.name)) fleets.set(metadata.name, located as Located<PivotFleet>);
  }
  return [...fleets.values()];
}
