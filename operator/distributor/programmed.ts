import type { ResourceKey } from '../../crds/routing-table.ts';
import type { TableDelta } from '../../crds/table-delta.ts';
import type { Rejection } from './quarantine.ts';

/** What of a worker matters here. */
export interface WorkerProgress {
  readonly name: string;
  readonly ready: boolean;
  readonly draining: boolean;
  /** Serial number of the release that it uses; undefined: none that is known. */
  readonly acked: number | undefined;
}

/** From which release on the table holds which generation of an object. */
export interface Placement {
  readonly generation: number;
  readonly since: number;
}

export type Placements = ReadonlyMap<ResourceKey, Placement>;

/** How far the workers are that must have a table before it counts as in force: those with a live stream that are ready and not draining. */
export type Progress =
  | { readonly kind: 'noWorkers' }
  /** Begun a moment ago: workers that were connected to the leader before are not yet back. */
  | { readonly kind: 'gathering' }
  /** `waiting`: those that lag furthest behind, none when all have the present release. */
  | { readonly kind: 'acked'; readonly serial: number; readonly waiting: readonly string[] };

export interface ProgrammedCondition {
  readonly type: 'Programmed';
  readonly status: 'True' | 'False';
  readonly reason: 'Programmed' | 'NoWorkers' | 'Rejected' | 'NotInTable';
  readonly message: string;
  readonly observedGeneration: number;
}

export type Programmed =
  | { readonly kind: 'known'; readonly condition: ProgrammedCondition }
  /** Nothing to write yet. */
  | { readonly kind: 'pending'; readonly waitingFor: readonly string[] };

/** Workers that a message names. */
const NAMED = 5;

/** How far all required workers are. `current` is the serial number of the present release, 0 if there is none. */
export function progressOf(workers: Iterable<WorkerProgress>, current: number, gathering: boolean): Progress {
  let serial = Number.POSITIVE_INFINITY;
  let waiting: string[] = [];
  let required = 0;
  for (const { name, ready, draining, acked = 0 } of workers) {
    if (!ready || draining) continue;
    required++;
    if (acked < serial) waiting = [];
    serial = Math.min(serial, acked);
    if (acked === serial && acked < current && waiting.length < NAMED) waiting.push(name);
  }
  if (gathering) return { kind: 'gathering' };
  return required === 0 ? { kind: 'noWorkers' } : { kind: 'acked', serial, waiting };
}

/** The placements after one more release. */
export function placeObjects(placements: Placements, { callflows }: TableDelta, serial: number): Placements {
  if (callflows.set.length === 0 && callflows.del.length === 0) return placements;
  const next = new Map(placements);
  for (const key of callflows.del) next.delete(key);
  for (const { key, generation } of callflows.set) {
    // The same generation with another content (a default of the fleet, say) is in force all the same.
    if (next.get(key)?.generation !== generation) next.set(key, { generation, since: serial });
  }
  return next;
}

export interface ProgrammedFacts {
  readonly placements: Placements;
  readonly rejections: ReadonlyMap<ResourceKey, Rejection>;
  readonly progress: Progress;
}

/**
 * Whether every ready worker has a table with this generation of an object. True once is true for good: who has written it asks no more about
 * that generation, and workers that come and go change only the status of the fleet.
 */
export function programmedOf(key: ResourceKey, generation: number, facts: ProgrammedFacts): Programmed {
  const known = (status: 'True' | 'False', reason: ProgrammedCondition['reason'], message: string): Programmed => ({
    kind: 'known',
    condition: { type: 'Programmed', status, reason, message, observedGeneration: generation },
  });
  const stays = (kept: number | undefined): string => (kept === undefined ? '' : `. Generation ${kept} stays in use`);
  const rejection = facts.rejections.get(key);
  if (rejection !== undefined && rejection.generation === generation) {
    const { code, message, workers, kept } = rejection;
    return known('False', 'Rejected', `${code} ${message} (worker ${first(workers)})${stays(kept)}`);
  }
  const placement = facts.placements.get(key);
  if (placement?.generation !== generation) {
    return known(
      'False',
      'NotInTable',
      `The routing table does not hold this generation${stays(placement?.generation)}`,
    );
  }
  const { progress } = facts;
  switch (progress.kind) {
    case 'noWorkers':
      return known('False', 'NoWorkers', 'No media worker is ready');
    case 'gathering':
      return { kind: 'pending', waitingFor: [] };
    case 'acked':
      if (progress.serial < placement.since) return { kind: 'pending', waitingFor: progress.waiting };
      return { kind: 'known', condition: hasEverywhere(generation) };
  }
}

/** The condition of a generation that every worker has. */
export function hasEverywhere(observedGeneration: number): ProgrammedCondition {
  const [status, reason, message] = ['True', 'Programmed', 'Every ready media worker has it'] as const;
  return { type: 'Programmed', status, reason, message, observedGeneration };
}

function first(names: ReadonlySet<string>): string {
  const [name = '', ...others] = names;
  return others.length === 0 ? name : `${name} and ${others.length} more`;
}
