import { type Fault, formatFault } from '../../crds/errors/fault.ts';
import { manifestCodes } from '../../crds/errors/manifest.ts';
import type { PivotCallflow } from '../../crds/resources.ts';
import type { ResourceKey } from '../../crds/routing-table.ts';
import type { CheckedCallflow } from './check.ts';
import { type Claim, showClaim } from './claims.ts';
import type { Condition, ConditionReason, ResourceStatus } from './result.ts';

/** Conflicts that a status lists, and characters of a message (the limit of Kubernetes is 32768). */
const CONFLICT_LIMIT = 16;
const MESSAGE_LIMIT = 1024;

/** Reasons of `ResolvedRefs`, the worst first. */
const UNRESOLVED: readonly (readonly [code: string, reason: ConditionReason])[] = [
  [manifestCodes.secretNotFound.code, 'SecretNotFound'],
  [manifestCodes.secretKeyNotFound.code, 'KeyNotFound'],
  [manifestCodes.callflowNotFound.code, 'CallflowNotFound'],
  [manifestCodes.mediaNotFound.code, 'MediaNotFound'],
];

/** What to tell about a callflow. `used` is what the table holds of it, at last; `valid` whether that is its present state. */
export function statusOf(
  resource: PivotCallflow,
  valid: boolean,
  used: CheckedCallflow | undefined,
  lost: readonly { readonly claim: Claim; readonly owner: ResourceKey }[],
  faults: readonly Fault[],
): ResourceStatus {
  const observedGeneration = resource.metadata.generation ?? 0;
  const claims = used?.claims.length ?? 0;
  const condition = (
    type: Condition['type'],
    status: Condition['status'],
    reason: ConditionReason,
    message: string,
  ): Condition => ({
    type,
    status,
    reason,
    message: message.length > MESSAGE_LIMIT ? `${message.slice(0, MESSAGE_LIMIT - 1)}…` : message,
    observedGeneration,
  });
  return {
    conditions: [accepted(), resolved()],
    faults,
    numbers: { owned: claims - lost.length, conflicted: lost.length },
    conflicts: lost.slice(0, CONFLICT_LIMIT).map(({ claim, owner }) => ({ number: showClaim(claim), ownedBy: owner })),
  };

  function accepted(): Condition {
    if (!valid) {
      const kept = used === undefined ? '' : `. Generation ${used.generation} stays in use`;
      return condition(
        'Accepted',
        'False',
        'InvalidCallflow',
        `${list(faults.filter((one) => one.severity === 'error'))}${kept}`,
      );
    }
    const owners = lost.map(({ claim, owner }) => `${showClaim(claim)} belongs to ${owner}`).join('; ');
    if (lost.length > 0 && lost.length === claims) return condition('Accepted', 'False', 'NumberConflict', owners);
    if (lost.length > 0) return condition('Accepted', 'True', 'PartiallyAccepted', owners);
    return condition('Accepted', 'True', 'Accepted', 'The callflow is valid and owns all its numbers');
  }

  function resolved(): Condition {
    if (!valid) return condition('ResolvedRefs', 'Unknown', 'InvalidCallflow', 'The callflow is not valid');
    for (const [code, reason] of UNRESOLVED) {
      if (faults.some((one) => one.code === code)) {
        const missing = faults.filter((one) => UNRESOLVED.some(([other]) => other === one.code));
        return condition('ResolvedRefs', 'False', reason, list(missing));
      }
    }
    return condition('ResolvedRefs', 'True', 'ResolvedRefs', 'Everything that the callflow refers to exists');
  }
}

/** Faults in one line, without file and line: those are of no use in a cluster. */
function list(faults: readonly Fault[]): string {
  return faults
    .map(({ place, ...rest }) =>
      formatFault({ ...rest, place: place?.pointer === undefined ? {} : { pointer: place.pointer } }),
    )
    .join('; ');
}
