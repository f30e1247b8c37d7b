import { type Fault, formatFault } from '../../crds/errors/fault.ts';
import { manifestCodes } from '../../crds/errors/manifest.ts';
import { isNumber, type Loss, showClaim, showLoss } from './claims.ts';
import type { Condition, ConditionReason, ResourceStatus } from './result.ts';
import type { Candidate, CompiledKind } from './types.ts';

/** Conflicts that a status lists, and characters of a message (the limit of Kubernetes is 32768). */
const CONFLICT_LIMIT = 16;
const MESSAGE_LIMIT = 1024;

/** Reasons of `ResolvedRefs`, the worst first. */
const UNRESOLVED: readonly (readonly [code: string, reason: ConditionReason])[] = [
  [manifestCodes.secretNotFound.code, 'SecretNotFound'],
  [manifestCodes.secretKeyNotFound.code, 'KeyNotFound'],
  [manifestCodes.callflowNotFound.code, 'CallflowNotFound'],
  [manifestCodes.userNotFound.code, 'UserNotFound'],
  [manifestCodes.deviceNotFound.code, 'DeviceNotFound'],
  [manifestCodes.mediaNotFound.code, 'MediaNotFound'],
];

interface Words {
  /** What it is called in a sentence. */
  readonly noun: string;
  /** Why it is not accepted, when it is not valid by itself. */
  readonly invalid: ConditionReason;
  /** What it means that all is well. */
  readonly accepted: string;
}

const WORDS: Readonly<Record<CompiledKind, Words>> = {
  PivotCallflow: {
    noun: 'callflow',
    invalid: 'InvalidCallflow',
    accepted: 'The callflow is valid and owns all its numbers',
  },
  PivotMedia: {
    noun: 'sound',
    invalid: 'InvalidMedia',
    accepted: 'Callflows of the namespace can play it by its name',
  },
  PivotTrunk: { noun: 'trunk', invalid: 'InvalidTrunk', accepted: 'The trunk is valid and in use' },
  PivotUser: { noun: 'user', invalid: 'InvalidUser', accepted: 'The user is valid and in use' },
  PivotDevice: { noun: 'device', invalid: 'InvalidDevice', accepted: 'The device is valid and in use' },
};

/** What to tell about a resource: `lost` are claims that it has not won, `faults` everything that is wrong with it. */
export function conditionsOf(
  { located: { resource }, check, used }: Candidate,
  lost: readonly Loss[],
  faults: readonly Fault[],
): readonly Condition[] {
  const { noun, invalid, accepted } = WORDS[resource.kind];
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
    observedGeneration: resource.metadata.generation ?? 0,
  });
  // A sound refers to nothing.
  return resource.kind === 'PivotMedia' ? [acceptance()] : [acceptance(), resolution()];

  function acceptance(): Condition {
    if (check.checked === undefined) {
      const kept = used === undefined ? '' : `. Generation ${used.generation} stays in use`;
      return condition(
        'Accepted',
        'False',
        invalid,
        `${list(faults.filter((one) => one.severity === 'error'))}${kept}`,
      );
    }
    const losses = lost.map(showLoss).join('; ');
    if (lost.length > 0 && lost.length === used!.claims.filter(counts).length) {
      return condition('Accepted', 'False', reasonOf(lost), losses);
    }
    if (lost.length > 0) return condition('Accepted', 'True', 'PartiallyAccepted', losses);
    if (used!.entry === undefined) {
      return condition('Accepted', 'True', 'Disabled', `The ${noun} is valid, and not in use ("enabled" is false)`);
    }
    return condition('Accepted', 'True', 'Accepted', accepted);
  }

  function resolution(): Condition {
    if (check.checked === undefined) return condition('ResolvedRefs', 'Unknown', invalid, `The ${noun} is not valid`);
    for (const [code, reason] of UNRESOLVED) {
      if (faults.some((one) => one.code === code)) {
        const missing = faults.filter((one) => UNRESOLVED.some(([other]) => other === one.code));
        return condition('ResolvedRefs', 'False', reason, list(missing));
      }
    }
    return condition('ResolvedRefs', 'True', 'ResolvedRefs', `Everything that the ${noun} refers to exists`);
  }
}

/** The status of a PivotCallflow. */
export function callflowStatus(
  { used }: Candidate,
  lost: readonly Loss[],
  conditions: readonly Condition[],
): ResourceStatus {
  const conflicts = lost.filter((one) => one.kind === 'conflict');
  const notPermitted = lost.length - conflicts.length;
  return {
    conditions,
    numbers: {
      owned: (used?.claims.filter(isNumber).length ?? 0) - lost.length,
      conflicted: conflicts.length,
      ...(notPermitted === 0 ? {} : { notPermitted }),
    },
    conflicts: conflicts
      .slice(0, CONFLICT_LIMIT)
      .map(({ claim, owner }) => ({ number: showClaim(claim), ownedBy: owner })),
  };
}

/** A realm that another namespace has is a fault, but leaves the callflow its numbers. */
function counts(claim: Loss['claim']): boolean {
  return claim.kind !== 'realm';
}

function reasonOf(lost: readonly Loss[]): ConditionReason {
  if (lost.some((one) => one.kind === 'notPermitted')) return 'NumberNotPermitted';
  return lost.some(({ claim }) => claim.kind === 'username') ? 'UsernameConflict' : 'NumberConflict';
}

/** Faults in one line, without file and line: those are of no use in a cluster. */
function list(faults: readonly Fault[]): string {
  return faults
    .map(({ place, ...rest }) =>
      formatFault({ ...rest, place: place?.pointer === undefined ? {} : { pointer: place.pointer } }),
    )
    .join('; ');
}
