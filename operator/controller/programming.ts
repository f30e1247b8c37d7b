import type { ResourceKey } from '../../crds/routing-table.ts';
import type { Distributor } from '../distributor/distributor.ts';
import type { StatedCondition } from '../kube/conditions.ts';

/** What the workers have of one generation of a callflow. */
export interface ProgrammedState {
  readonly condition: StatedCondition;
  /** It is a matter of moments: not worth a write of its own if it can be waited for. */
  readonly passing: boolean;
}

/** How far the workers are at one moment. */
export interface Programming {
  /** Another one whenever `of` may answer otherwise, for whichever callflow. */
  readonly print: string;
  /** Workers of the leader before are on their way, and nothing is known before they are there. */
  readonly gathering: boolean;
  of(callflow: string, generation: number): ProgrammedState;
}

/** The same for every callflow, so it is found out once and not for each. */
export function programmingOf(
  distributor: Pick<Distributor, 'progress' | 'rejections' | 'publishing' | 'programmed'>,
): Programming {
  const { progress, rejections, publishing } = distributor;
  const rejected = [...rejections.values()].map(
    ({ key, generation, workers }) => `${key}@${generation}:${workers.size}`,
  );
  return {
    print: JSON.stringify([progress, rejected, publishing]),
    gathering: progress.kind === 'gathering',
    of(callflow, generation) {
      const programmed = distributor.programmed(callflow as ResourceKey, generation, progress);
      if (programmed.kind === 'pending')
        return { condition: pending(generation, programmed.waitingFor), passing: true };
      const { condition } = programmed;
      return { condition, passing: publishing && condition.reason === 'NotInTable' };
    },
  };
}

function pending(generation: number, waitingFor: readonly string[]): StatedCondition {
  const names = waitingFor.join(', ');
  return {
    type: 'Programmed',
    status: 'Unknown',
    reason: 'Pending',
    message: names === '' ? 'Waiting for media workers to connect' : `Waiting for media workers: ${names}`,
    observedGeneration: generation,
  };
}
