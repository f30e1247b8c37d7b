import { type CodeEntry, type Fault, fault } from '../../crds/errors/fault.ts';
import { manifestCodes } from '../../crds/errors/manifest.ts';
import { locateFault } from '../../crds/locate.ts';
import type { Secret } from '../../crds/resources.ts';
import type { ResourceKey } from '../../crds/routing-table.ts';
import { REALM_ANNOTATION } from './check-callflow.ts';
import { isNumber, type Loss, showClaim, showLoss } from './claims.ts';
import type { Identity } from './result.ts';
import { callflowStatus, conditionsOf } from './status.ts';
import type { Candidate, Checked, Reference, Verdict } from './types.ts';

/** What a resource needs to know of the others. */
export interface Facts {
  /** Whoever has a claim. Undefined: nobody wants it. */
  readonly ownerOf: (name: string) => Checked | undefined;
  /** Whether a resource is there and has ever been valid. */
  readonly isUsed: (identity: Identity) => boolean;
  readonly secret: (key: ResourceKey) => Secret | undefined;
  readonly isReferredTo: (identity: Identity) => boolean;
}

/** Weighs a resource against the others. */
export function judge(candidate: Candidate, facts: Facts): Verdict {
  const { located, check, used, stakes, notPermitted } = candidate;
  const own = check.faults.map((one) => locateFault(one, located));
  if (used === undefined) return verdictOf(candidate, [], own, {});
  const lost: Loss[] = [...notPermitted];
  const realmFaults: Fault[] = [];
  const won: Candidate['stakes'][number][] = [];
  for (const stake of stakes) {
    const { claim, name } = stake;
    const owner = facts.ownerOf(name)!;
    if (claim.kind === 'realm') {
      // A realm is the whole namespace's, whichever of its callflows says so.
      if (owner.account !== used.account) realmFaults.push(realmTaken(claim.value, owner.account, claim.pointer));
    } else if (owner.identity === used.identity) won.push(stake);
    else lost.push({ claim, kind: 'conflict', owner: owner.key });
  }
  const inOrder = notPermitted.length === 0 ? lost : lost.sort((a, b) => orderOf(used, a) - orderOf(used, b));
  // What is wrong with the last good state of a resource that is not valid now helps nobody.
  const found =
    check.checked === undefined
      ? []
      : [
          ...inOrder.map(lossFault),
          ...realmFaults,
          ...used.references.flatMap((one) => unresolved(one, used.account, facts) ?? []),
          ...unreachable(used, facts),
        ];
  const faults = [...own, ...found.map((one) => locateFault(one, located))];
  const isOut = used.kind === 'PivotDevice' && lost.length > 0;
  return verdictOf(candidate, inOrder, faults, {
    routes: won.flatMap(({ route }) => route ?? []),
    ...(isOut ? {} : { entry: used.entry }),
  });
}

function verdictOf(
  candidate: Candidate,
  lost: readonly Loss[],
  faults: readonly Fault[],
  { routes = [], entry }: Partial<Pick<Verdict, 'routes' | 'entry'>>,
): Verdict {
  const conditions = conditionsOf(candidate, lost, faults);
  const isCallflow = candidate.located.resource.kind === 'PivotCallflow';
  const status = isCallflow ? callflowStatus(candidate, lost, conditions) : undefined;
  return { candidate, faults, conditions, status, routes, entry };
}

function orderOf({ claims }: Checked, { claim }: Loss): number {
  return claims.indexOf(claim);
}

function lossFault(loss: Loss): Fault {
  const { claim } = loss;
  const at = { pointer: claim.pointer };
  if (loss.kind === 'notPermitted') return fault(manifestCodes.numberNotPermitted, showLoss(loss), at);
  const message = `${showClaim(claim)} belongs to ${loss.owner}, which is older or first by name`;
  return fault(claim.kind === 'username' ? manifestCodes.usernameConflict : manifestCodes.numberConflict, message, at);
}

function realmTaken(host: string, account: string, pointer: string): Fault {
  const message = `${REALM_ANNOTATION}: "${host}" belongs to the namespace ${account}`;
  return fault(manifestCodes.invalidRealm, message, { pointer });
}

const NOT_FOUND: Readonly<Record<Exclude<Reference['kind'], 'Secret'>, CodeEntry>> = {
  PivotCallflow: manifestCodes.callflowNotFound,
  PivotMedia: manifestCodes.mediaNotFound,
  PivotUser: manifestCodes.userNotFound,
  PivotDevice: manifestCodes.deviceNotFound,
};

function unresolved(reference: Reference, account: string, facts: Facts): Fault | undefined {
  const { kind, name, pointer } = reference;
  if (kind !== 'Secret') {
    if (facts.isUsed(`${kind} ${account}/${name}`)) return undefined;
    const message = `${reference.subject}: there is no ${kind} ${JSON.stringify(name.slice(0, 64))} in ${account}`;
    return fault(NOT_FOUND[kind], message, { pointer });
  }
  const secret = facts.secret(`${account}/${name}`);
  if (secret === undefined) {
    return fault(manifestCodes.secretNotFound, `there is no Secret "${name}" in ${account}`, { pointer });
  }
  if (Object.hasOwn(secret.data, reference.key)) return undefined;
  const message = `the Secret "${name}" in ${account} has no key "${reference.key}"`;
  return fault(manifestCodes.secretKeyNotFound, message, { pointer });
}

function unreachable({ identity, kind, claims }: Checked, facts: Facts): readonly Fault[] {
  if (kind !== 'PivotCallflow' || claims.some(isNumber) || facts.isReferredTo(identity)) return [];
  const message = 'no call can reach this callflow: it has no numbers and no patterns';
  return [fault(manifestCodes.noNumbers, message, { pointer: '/spec' })];
}
