import type { Located } from '../../crds/resources.ts';
import type { Route } from '../../crds/routing-table.ts';
import { checkResource } from './check.ts';
import { type Claim, claimName, type Loss } from './claims.ts';
import { type NumberRights, permits } from './number-rights.ts';
import type { Rules } from './state.ts';
import type { Candidate, Checked, CompiledResource, Stake } from './types.ts';

/** Checks a resource and finds out what it may claim. `before`: what was known of it, for its last good state and a check that still holds. */
export function candidateOf(
  located: Located<CompiledResource>,
  before: Candidate | undefined,
  rules: Rules,
  rulesBefore: Rules | undefined,
  rights: NumberRights,
): Candidate {
  const holds =
    before?.located.resource === located.resource && rulesBefore?.allowLoopbackUrls === rules.allowLoopbackUrls;
  const check = holds ? before.check : checkResource(located.resource, rules);
  const used = check.checked ?? before?.used;
  const stakes: Stake[] = [];
  const notPermitted: Loss[] = [];
  for (const claim of used?.claims ?? []) {
    const right = claim.kind === 'e164' ? rights(claim.value) : undefined;
    if (right === undefined || permits(right, used!.account)) stakes.push(stakeOf(claim, used!));
    else notPermitted.push({ claim, kind: 'notPermitted', prefix: right.prefix });
  }
  return { located, check, used, stakes, notPermitted };
}

/** The names under which a candidate's claims are known. */
export function stakeNames(candidate: Candidate | undefined): ReadonlySet<string> {
  return new Set(candidate?.stakes.map(({ name }) => name));
}

/** The identities of what a candidate refers to. */
export function referenceNames(candidate: Candidate | undefined): ReadonlySet<string> {
  const { account = '', references = [] } = candidate?.used ?? {};
  return new Set(references.map(({ kind, name }) => `${kind} ${account}/${name}`));
}

function stakeOf(claim: Claim, { account, key }: Checked): Stake {
  return { claim, name: claimName(claim, account), route: routeOf(claim, account, key) };
}

function routeOf({ kind, value }: Claim, account: string, callflow: Checked['key']): Route | undefined {
  switch (kind) {
    case 'e164':
      return { kind, number: value, callflow };
    case 'extension':
      return { kind, account, number: value, callflow };
    case 'pattern':
      return { kind, account, pattern: value, callflow };
    case 'no_match':
      return { kind, account, callflow };
    default:
      return undefined;
  }
}
