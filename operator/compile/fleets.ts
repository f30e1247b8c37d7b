import { type Fault, fault } from '../../crds/errors/fault.ts';
import { manifestCodes } from '../../crds/errors/manifest.ts';
import { locateFault } from '../../crds/locate.ts';
import type { Located, PivotFleet, PivotFleetSpec } from '../../crds/resources.ts';
import type { FleetSettings } from '../../crds/routing-table.ts';
import type { Condition } from './result.ts';

/** Name of the fleet that counts, unless another is named. */
export const DEFAULT_FLEET = 'default';

export interface Fleets {
  /** Of the fleet that counts; undefined: there is none. */
  readonly spec: PivotFleetSpec | undefined;
  /** By name. */
  readonly conditions: ReadonlyMap<string, readonly Condition[]>;
  readonly faults: readonly Fault[];
}

/** Of several fleets the one with the name counts; the others are told so, and change nothing. */
export function chooseFleet(fleets: readonly Located<PivotFleet>[], name: string): Fleets {
  const conditions = new Map<string, readonly Condition[]>();
  const faults: Fault[] = [];
  for (const located of fleets) {
    const { metadata } = located.resource;
    const counts = metadata.name === name;
    const message = `the PivotFleet "${metadata.name}" has no effect: the one that counts is named "${name}"`;
    const problem = counts ? undefined : fault(manifestCodes.otherFleet, message, { pointer: '/metadata/name' });
    if (problem !== undefined) faults.push(locateFault(problem, located));
    conditions.set(metadata.name, [
      {
        type: 'Accepted',
        status: counts ? 'True' : 'False',
        reason: counts ? 'Accepted' : 'OtherFleet',
        message: problem === undefined ? 'The fleet is valid and counts' : `${problem.code} ${problem.message}`,
        observedGeneration: metadata.generation ?? 0,
      },
    ]);
  }
  return { spec: fleets.find(({ resource }) => resource.metadata.name === name)?.resource.spec, conditions, faults };
}

/** What of a fleet the workers need; undefined: nothing. */
export function fleetSettings({ limits, outgoing, traceUrl }: PivotFleetSpec): FleetSettings | undefined {
  const settings: FleetSettings = {
    ...(limits?.callsPerWorker === undefined ? {} : { callsPerWorker: limits.callsPerWorker }),
    ...(limits?.callSeconds === undefined ? {} : { callSeconds: limits.callSeconds }),
    ...(outgoing === undefined
      ? {}
      : {
          outgoing: { allowPrivate: outgoing.allowPrivate, allow: outgoing.allow ?? [], deny: outgoing.deny ?? [] },
        }),
    ...(traceUrl === undefined ? {} : { traceUrl }),
  };
  return Object.keys(settings).length === 0 ? undefined : settings;
}
