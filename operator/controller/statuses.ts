import { type Fault, formatFault } from '../../crds/errors/fault.ts';
import type { PivotCallflow, PivotMedia } from '../../crds/resources.ts';
import type { CheckOptions } from '../compile/check.ts';
import { compileMedia } from '../compile/media.ts';
import type { ResourceStatus } from '../compile/result.ts';
import { type StatedCondition, type Transition, truncateMessage } from '../kube/conditions.ts';
import type { KubeEvent } from '../kube/events.ts';
import type { StatedStatus } from '../kube/status-writer.ts';
import type { Declared } from './declared.ts';

/** Bytes of a message, as in `operator/compile/status.ts`. */
const MESSAGE_LIMIT = 1024;

/** Says whether the workers have a generation of a callflow. */
export type ProgrammedOf = (callflow: string, generation: number) => StatedCondition;

/** As long as the operator has no stream to workers, nobody knows what they have. */
export const programmedUnknown: ProgrammedOf = (_callflow, generation) => ({
  type: 'Programmed',
  status: 'Unknown',
  reason: 'Pending',
  message:
    'Not known: this operator has no stream to media workers, so none of them can say that it has this generation',
  observedGeneration: generation,
});

/** The whole status of a PivotCallflow. `compiled` undefined: it could not even be read. */
export function callflowStatus(
  { metadata, faults }: Declared<PivotCallflow>,
  compiled: ResourceStatus | undefined,
  programmed: StatedCondition,
): StatedStatus {
  const { generation = 0 } = metadata;
  const { numbers = { owned: 0, conflicted: 0 }, conflicts = [] } = compiled ?? {};
  const conditions: readonly StatedCondition[] =
    compiled === undefined || faults.length > 0
      ? [
          unreadable('InvalidCallflow', faults, generation),
          {
            type: 'ResolvedRefs',
            status: 'Unknown',
            reason: 'InvalidCallflow',
            message: 'The callflow is not valid',
            observedGeneration: generation,
          },
        ]
      : compiled.conditions;
  return {
    observedGeneration: conditions[0]?.observedGeneration ?? generation,
    conditions: [...conditions, programmed],
    numbers,
    ...(conflicts.length === 0 ? {} : { conflicts }),
  };
}

/** The whole status of a PivotMedia. */
export function mediaStatus({ metadata, resource, faults }: Declared<PivotMedia>, options: CheckOptions): StatedStatus {
  const { generation = 0 } = metadata;
  const found = resource === undefined || faults.length > 0 ? faults : compileMedia([{ resource }], options).faults;
  const accepted: StatedCondition =
    found.length > 0
      ? unreadable('InvalidMedia', found, generation)
      : {
          type: 'Accepted',
          status: 'True',
          reason: 'Accepted',
          message: 'Callflows of the namespace can play it by its name',
          observedGeneration: generation,
        };
  return { observedGeneration: generation, conditions: [accepted] };
}

function unreadable(reason: string, faults: readonly Fault[], observedGeneration: number): StatedCondition {
  const message = truncateMessage(faults.map(formatFault).join('; '), MESSAGE_LIMIT);
  return { type: 'Accepted', status: 'False', reason, message, observedGeneration };
}

/** What a transition is worth telling; undefined: nothing, as with a condition that began well or is not known. */
export function eventOf({ before, after }: Transition): KubeEvent | undefined {
  const { type, status, reason, message } = after;
  if (status === 'Unknown') return undefined;
  if (status === 'True' && before === undefined && type !== 'Accepted') return undefined;
  const bad = status === 'False' || reason === 'PartiallyAccepted';
  return { type: bad ? 'Warning' : 'Normal', reason, action: `Check${type}`, note: message };
}
