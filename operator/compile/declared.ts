import { type Fault, fault } from '../../crds/errors/fault.ts';
import { manifestCodes } from '../../crds/errors/manifest.ts';
import { locateFault } from '../../crds/locate.ts';
import type { Located, Resource } from '../../crds/resources.ts';
import type { Identity } from './result.ts';
import { SharedMap } from './shared-map.ts';

/** Everything that is declared. */
export interface Declared {
  readonly list: readonly Located[];
  /** Of two with the same name the first counts. */
  readonly byIdentity: SharedMap<Identity, Located>;
  /** What is declared twice. */
  readonly duplicates: readonly Fault[];
}

export const NOTHING: Declared = { list: [], byIdentity: new SharedMap(), duplicates: [] };

export interface NextDeclared {
  readonly declared: Declared;
  /** What has come, gone, or is another object now. */
  readonly changed: readonly Identity[];
}

export function identityOf({ kind, metadata }: Resource): Identity {
  const { namespace, name } = metadata;
  return namespace === '' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

/**
 * What is declared now. Most lists are the one before but for a place or two; then what lies before and behind is only compared, object by object.
 */
export function nextDeclared(before: Declared, resources: readonly Located[]): NextDeclared {
  // The array is the caller's.
  const list = [...resources];
  return nextInPlace(before, list) ?? nextInFull(before, list);
}

/** Undefined: something is declared twice, and which of the two counts cannot be told from the places that differ. */
function nextInPlace(before: Declared, list: readonly Located[]): NextDeclared | undefined {
  if (before.duplicates.length > 0) return undefined;
  const old = before.list;
  const most = Math.min(old.length, list.length);
  let head = 0;
  while (head < most && old[head]!.resource === list[head]!.resource) head++;
  let tail = 0;
  while (tail < most - head && old.at(-1 - tail)!.resource === list.at(-1 - tail)!.resource) tail++;

  const byIdentity = before.byIdentity.edit();
  const were = new Map<Identity, Located>();
  for (const located of old.slice(head, old.length - tail)) {
    const identity = identityOf(located.resource);
    were.set(identity, located);
    byIdentity.set(identity, undefined);
  }
  const changed: Identity[] = [];
  for (const located of list.slice(head, list.length - tail)) {
    const identity = identityOf(located.resource);
    if (byIdentity.get(identity) !== undefined) return undefined;
    byIdentity.set(identity, located);
    if (were.get(identity)?.resource !== located.resource) changed.push(identity);
    were.delete(identity);
  }
  return { declared: { list, byIdentity: byIdentity.done(), duplicates: [] }, changed: [...changed, ...were.keys()] };
}

function nextInFull(before: Declared, list: readonly Located[]): NextDeclared {
  const byIdentity = new SharedMap<Identity, Located>().edit();
  const duplicates: Fault[] = [];
  const changed: Identity[] = [];
  for (const located of list) {
    const identity = identityOf(located.resource);
    const first = byIdentity.get(identity);
    if (first !== undefined) {
      duplicates.push(declaredTwice(located, first));
      continue;
    }
    byIdentity.set(identity, located);
    if (before.byIdentity.get(identity)?.resource !== located.resource) changed.push(identity);
  }
  for (const [identity] of before.byIdentity) if (byIdentity.get(identity) === undefined) changed.push(identity);
  return { declared: { list, byIdentity: byIdentity.done(), duplicates }, changed };
}

function declaredTwice(located: Located, first: Located): Fault {
  const where = first.file === undefined ? '' : `; the one in ${first.file}:${first.at?.('')?.line ?? 1} is used`;
  const message = `${identityOf(located.resource)} is declared twice${where}`;
  return locateFault(fault(manifestCodes.duplicateResource, message, { pointer: '/metadata/name' }), located);
}
