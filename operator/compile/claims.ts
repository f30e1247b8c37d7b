import { patternRefusal } from '../../crds/callflow/patterns.ts';
import { join } from '../../crds/callflow/pointer.ts';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import { manifestCodes } from '../../crds/errors/manifest.ts';
import { isE164, normalizeNumber } from '../../crds/numbers.ts';
import type { PivotCallflowSpec } from '../../crds/resources.ts';
import type { ResourceKey } from '../../crds/routing-table.ts';
import { compareText } from '../../crds/table-version.ts';

/** One number, pattern or catch-all that a callflow wants for itself. */
export interface Claim {
  readonly kind: 'e164' | 'extension' | 'pattern' | 'no_match';
  /** The normalised number, or the pattern. */
  readonly value: string;
  /** Where it stands in the resource. */
  readonly pointer: string;
}

/** Characters of a number as it is written (Kazoo's limit). */
const NUMBER_LENGTH = 36;

/** The claims of a callflow, each once, and what is wrong with its numbers and patterns. */
export function readClaims(spec: PivotCallflowSpec): {
  readonly claims: readonly Claim[];
  readonly faults: readonly Fault[];
} {
  const claims = new Map<string, Claim>();
  const faults: Fault[] = [];
  const add = (claim: Claim, written: string): void => {
    const name = `${claim.kind} ${claim.value}`;
    if (claims.has(name)) {
      faults.push(
        fault(manifestCodes.repeatedNumber, `${JSON.stringify(written)} is named twice`, { pointer: claim.pointer }),
      );
    } else claims.set(name, claim);
  };
  for (const [index, written] of (spec.numbers ?? []).entries()) {
    const pointer = join('/spec/numbers', index);
    const read = readNumber(written);
    if ('problem' in read) {
      faults.push(
        fault(manifestCodes.invalidNumber, `the number ${JSON.stringify(written.slice(0, 64))} ${read.problem}`, {
          pointer,
        }),
      );
    } else add({ ...read, pointer }, written);
  }
  for (const [index, pattern] of (spec.patterns ?? []).entries()) {
    const pointer = join('/spec/patterns', index);
    const refusal = patternRefusal(pattern);
    if (refusal !== undefined) {
      const message = `the pattern ${JSON.stringify(pattern.slice(0, 64))} is not an RE2 expression: ${refusal}`;
      faults.push(fault(manifestCodes.invalidPattern, message, { pointer }));
    } else add({ kind: 'pattern', value: pattern, pointer }, pattern);
  }
  return { claims: [...claims.values()], faults };
}

function readNumber(written: string): Pick<Claim, 'kind' | 'value'> | { readonly problem: string } {
  if (written === 'no_match') return { kind: 'no_match', value: '' };
  if (written.trim() === '') return { problem: 'is empty' };
  if (written.length > NUMBER_LENGTH) return { problem: `has more than ${NUMBER_LENGTH} characters` };
  const value = normalizeNumber(written);
  if (isE164(value)) return { kind: 'e164', value };
  if (value.startsWith('+'))
    return { problem: 'begins with "+" but is not in E.164 form ("+" and 2 to 15 digits, the first not 0)' };
  // What is dialled is the user part of a SIP URI; these characters cannot stand there as themselves.
  if (/[\s@:;,<>"\p{Cc}]/u.test(value))
    return { problem: 'holds a space, "@" or another character that cannot be dialled' };
  return { kind: 'extension', value };
}

/** Who wants what, and since when. */
export interface Claimant {
  readonly key: ResourceKey;
  readonly account: string;
  /** RFC 3339; unknown counts as youngest. */
  readonly createdAt: string | undefined;
  readonly claims: readonly Claim[];
}

/** The owner of a claim, by `claimName`. */
export type Owners = ReadonlyMap<string, ResourceKey>;

/** What makes two claims the same: E.164 numbers are one space for the cluster, all else one for each account. */
export function claimName(claim: Claim, account: string): string {
  return claim.kind === 'e164' ? `e164 ${claim.value}` : `${claim.kind} ${account} ${claim.value}`;
}

/** Gives each claim to the oldest claimant, then to the first by namespace and name. */
export function allocate(claimants: readonly Claimant[]): Owners {
  const age = ({ createdAt }: Claimant): number => {
    const time = createdAt === undefined ? Number.NaN : Date.parse(createdAt);
    return Number.isNaN(time) ? Number.MAX_SAFE_INTEGER : time;
  };
  const owners = new Map<string, ResourceKey>();
  for (const claimant of [...claimants].sort((a, b) => age(a) - age(b) || compareText(a.key, b.key))) {
    for (const claim of claimant.claims) {
      const name = claimName(claim, claimant.account);
      if (!owners.has(name)) owners.set(name, claimant.key);
    }
  }
  return owners;
}

/** A claim as people read it. */
export function showClaim(claim: Claim): string {
  if (claim.kind === 'no_match') return 'no_match';
  return claim.kind === 'pattern' ? `the pattern ${claim.value}` : claim.value;
}
