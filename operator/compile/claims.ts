import { patternRefusal } from '../../crds/callflow/patterns.ts';
import { join } from '../../crds/callflow/pointer.ts';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import { manifestCodes } from '../../crds/errors/manifest.ts';
import { isE164, normalizeNumber } from '../../crds/numbers.ts';
import type { PivotCallflowSpec } from '../../crds/resources.ts';
import type { ResourceKey } from '../../crds/routing-table.ts';
import { compareText } from '../../crds/table-version.ts';
import type { Checked } from './types.ts';

/** Something that a resource wants for itself: a number, pattern or catch-all of a callflow, a realm of its namespace, the user name of a device. */
export interface Claim {
  readonly kind: 'e164' | 'extension' | 'pattern' | 'no_match' | 'realm' | 'username';
  /** The normalised number, the pattern, host or name. */
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

/** Why a claim is not its claimant's: somebody else has it, or the namespace may not claim it. */
export type Loss =
  | { readonly claim: Claim; readonly kind: 'conflict'; readonly owner: ResourceKey }
  | { readonly claim: Claim; readonly kind: 'notPermitted'; readonly prefix: string };

/** What makes two claims the same: E.164 numbers and realms are one space for the cluster, all else one for each account. */
export function claimName({ kind, value }: Claim, account: string): string {
  return kind === 'e164' || kind === 'realm' ? `${kind} ${value}` : `${kind} ${account} ${value}`;
}

/** Whether calls are routed by it. */
export function isNumber({ kind }: Claim): boolean {
  return kind !== 'realm' && kind !== 'username';
}

/** Whether one claimant goes before another: the older, then the first by namespace and name. */
export function goesBefore(a: Pick<Checked, 'bornAt' | 'key'>, b: Pick<Checked, 'bornAt' | 'key'>): boolean {
  return a.bornAt < b.bornAt || (a.bornAt === b.bornAt && compareText(a.key, b.key) < 0);
}

/** Milliseconds since 1970 of an RFC 3339 time; whatever is no time counts as youngest. */
export function bornAt(creationTimestamp: string | undefined): number {
  const time = creationTimestamp === undefined ? Number.NaN : Date.parse(creationTimestamp);
  return Number.isNaN(time) ? Number.MAX_SAFE_INTEGER : time;
}

/** A loss as people read it. */
export function showLoss(loss: Loss): string {
  return loss.kind === 'conflict'
    ? `${showClaim(loss.claim)} belongs to ${loss.owner}`
    : `${showClaim(loss.claim)} may not be claimed here: the entry "${loss.prefix}" of the PivotFleet's numberRights does not name the namespace`;
}

/** A claim as people read it. */
export function showClaim(claim: Claim): string {
  if (claim.kind === 'no_match') return 'no_match';
  if (claim.kind === 'username') return `the user name ${claim.value}`;
  return claim.kind === 'pattern' ? `the pattern ${claim.value}` : claim.value;
}
