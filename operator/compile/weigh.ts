import type { Located, Secret } from '../../crds/resources.ts';
import { candidateOf, referenceNames, stakeNames } from './candidate.ts';
import { goesBefore } from './claims.ts';
import type { NextDeclared } from './declared.ts';
import { type Facts, judge } from './judge.ts';
import { type Mentions, MentionsEdit } from './mentions.ts';
import { readNumberRights } from './number-rights.ts';
import type { Identity } from './result.ts';
import { sameKeys } from './secrets.ts';
import type { SharedMap } from './shared-map.ts';
import type { CompileState, Rules } from './state.ts';
import type { Candidate, Checked, CompiledResource, Verdict } from './types.ts';

export interface Weighed {
  readonly verdicts: SharedMap<Identity, Verdict>;
  readonly claimants: Mentions;
  readonly referrers: Mentions;
  /** Those that were weighed now, and those that are gone. */
  readonly changes: readonly VerdictChange[];
  readonly ownerOf: Facts['ownerOf'];
}

export interface VerdictChange {
  readonly identity: Identity;
  readonly before: Verdict | undefined;
  readonly now: Verdict | undefined;
}

/**
 * Weighs what must be weighed. `before`: verdicts that hold as long as nothing changes. `known`: the last verdicts even if they do not hold any more,
 * for last good states and for checks.
 */
export function weigh(
  { declared, changed }: NextDeclared,
  rules: Rules,
  before: CompileState,
  known: CompileState | undefined,
): Weighed {
  const { byIdentity } = declared;
  const rights = readNumberRights(rules.numberRights);
  const claimants = new MentionsEdit(before.claimants);
  const referrers = new MentionsEdit(before.referrers);
  /** Those that are new or changed; of those that are gone, undefined. */
  const fresh = new Map<Identity, Candidate | undefined>();
  /** Names whose claimants, and identities whose referrers, may have another answer. */
  const claims = new Set<string>();
  const targets = new Set<string>();
  const due = new Set<string>();
  for (const identity of changed) {
    const located = byIdentity.get(identity);
    if (identity.startsWith('Secret ')) {
      if (!hasSameKeys(before.declared.byIdentity.get(identity), located)) targets.add(identity);
      continue;
    }
    if (identity.startsWith('PivotFleet ')) continue;
    const was = before.verdicts.get(identity)?.candidate;
    const last = known?.verdicts.get(identity)?.candidate;
    const is =
      located === undefined
        ? undefined
        : candidateOf(located as Located<CompiledResource>, last, rules, known?.rules, rights);
    fresh.set(identity, is);
    due.add(identity);
    const stakes = stakeNames(is);
    for (const name of claimants.replace(identity, stakeNames(was), stakes)) claims.add(name);
    // Another object of the same name may be younger.
    if (was !== undefined && was.used?.bornAt !== is?.used?.bornAt) for (const name of stakes) claims.add(name);
    // Who is referred to, and who is not, may be told so.
    for (const target of referrers.replace(identity, referenceNames(was), referenceNames(is))) due.add(target);
    if ((was?.used === undefined) !== (is?.used === undefined)) targets.add(identity);
  }
  for (const name of claims) for (const identity of claimants.of(name)) due.add(identity);
  for (const name of targets) for (const identity of referrers.of(name)) due.add(identity);

  const candidate = (identity: Identity): Candidate | undefined =>
    fresh.has(identity) ? fresh.get(identity) : before.verdicts.get(identity)?.candidate;
  const owners = new Map<string, Checked | undefined>();
  const facts: Facts = {
    ownerOf: (name) => {
      const who = claimants.of(name);
      if (who.length === 1) return candidate(who[0]!)?.used;
      // Many may want the same, and each of them asks.
      if (!owners.has(name)) owners.set(name, firstOf(who.flatMap((identity) => candidate(identity)?.used ?? [])));
      return owners.get(name);
    },
    isUsed: (identity) => candidate(identity)?.used !== undefined,
    isReferredTo: (identity) => referrers.of(identity).length > 0,
    secret: (key) => byIdentity.get(`Secret ${key}`)?.resource as Secret | undefined,
  };
  const verdicts = before.verdicts.edit();
  const changes: VerdictChange[] = [];
  for (const identity of due as ReadonlySet<Identity>) {
    const weighed = candidate(identity);
    const old = before.verdicts.get(identity);
    // Something may be referred to that is not there.
    if (weighed === undefined && old === undefined) continue;
    const now = weighed === undefined ? undefined : judge(weighed, facts);
    verdicts.set(identity, now);
    changes.push({ identity, before: old, now });
  }
  return {
    verdicts: verdicts.done(),
    claimants: claimants.done(),
    referrers: referrers.done(),
    changes,
    ownerOf: facts.ownerOf,
  };
}

function firstOf(claimants: readonly Checked[]): Checked | undefined {
  return claimants.length === 0 ? undefined : claimants.reduce((first, one) => (goesBefore(one, first) ? one : first));
}

function hasSameKeys(before: Located | undefined, now: Located | undefined): boolean {
  if (before === undefined || now === undefined) return before === now;
  return sameKeys((before.resource as Secret).data, (now.resource as Secret).data);
}
