import { type Fault, formatFault } from '../../crds/errors/fault.ts';
import type { PivotCallflow, PivotResource } from '../../crds/resources.ts';
import type { Condition, ResourceStatus } from '../compile/result.ts';
import { type StatedCondition, type Transition, truncateMessage } from '../kube/conditions.ts';
import type { KubeEvent } from '../kube/events.ts';
import type { StatedStatus } from '../kube/status-writer.ts';
import type { Declared } from './declared.ts';
import type { StatedHealth } from './webhook-health.ts';

/** Bytes of a message, as in `operator/compile/status.ts`. */
const MESSAGE_LIMIT = 1024;

/** The whole status of a PivotCallflow. `compiled` undefined: it could not even be read. */
export function callflowStatus(
  { metadata, faults }: Declared<PivotCallflow>,
  compiled: ResourceStatus | undefined,
  programmed: StatedCondition,
  health: StatedHealth,
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
    conditions: [...conditions, programmed, { ...health.condition, observedGeneration: generation }],
    numbers,
    ...(conflicts.length === 0 ? {} : { conflicts }),
    ...(health.lastFailure === undefined ? {} : { lastFailure: health.lastFailure }),
  };
}

/** The whole status of any other kind: conditions alone. `compiled` undefined: it could not even be read. */
export function plainStatus(
  { kind, metadata, faults }: Declared<PivotResource>,
  compiled: readonly Condition[] | undefined,
): StatedStatus {
  const { generation = 0 } = metadata;
  const conditions: readonly StatedCondition[] =
    compiled === undefined || faults.length > 0
      ? [unreadable(`Invalid${kind.slice('Pivot'.length)}`, faults, generation)]
      : compiled;
  return { observedGeneration: conditions[0]?.observedGeneration ?? generation, conditions };
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
