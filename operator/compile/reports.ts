import type { Fault } from '../../crds/errors/fault.ts';
import type { ResourceKey } from '../../crds/routing-table.ts';
import { compareText } from '../../crds/table-version.ts';
import type { Fleets } from './fleets.ts';
import type { Identity } from './result.ts';
import type { CompileState } from './state.ts';
import type { VerdictChange } from './weigh.ts';

type Reports = Pick<CompileState, 'statuses' | 'conditions' | 'faults'>;

/** What to tell about each resource, made of what was told before. */
export function nextReports(
  before: Reports,
  changes: readonly VerdictChange[],
  changed: readonly Identity[],
  fleets: Pick<Fleets, 'conditions'>,
): Reports {
  const statuses = before.statuses.edit();
  const conditions = before.conditions.edit();
  let faults: Map<Identity, readonly Fault[]> | undefined;
  for (const { identity, now } of changes) {
    const key = identity.slice(identity.indexOf(' ') + 1) as ResourceKey;
    if (identity.startsWith('PivotCallflow ')) statuses.set(key, now?.status);
    else conditions.set(identity, now?.conditions);
    if (!before.faults.has(identity) && (now === undefined || now.faults.length === 0)) continue;
    faults ??= new Map(before.faults);
    if (now === undefined || now.faults.length === 0) faults.delete(identity);
    else faults.set(identity, now.faults);
  }
  for (const identity of changed) if (identity.startsWith('PivotFleet ')) conditions.set(identity, undefined);
  for (const [name, all] of fleets.conditions) conditions.set(`PivotFleet ${name}`, all);
  return { statuses: statuses.done(), conditions: conditions.done(), faults: faults ?? before.faults };
}

/** All faults: those of one file after each other and by line; where there are no files, by kind and name. */
export function inOrder(byIdentity: Reports['faults'], others: readonly Fault[]): readonly Fault[] {
  const sorted = [...byIdentity].sort(([a], [b]) => compareText(a, b)).flatMap(([, faults]) => faults);
  return [...sorted, ...others].sort(comparePlaces);
}

function comparePlaces({ place: a = {} }: Fault, { place: b = {} }: Fault): number {
  const file = compareText(a.file ?? '', b.file ?? '');
  return file || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}
