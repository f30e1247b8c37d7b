import type { Secret } from '../../crds/resources.ts';
import type { ResourceKey, SecretValues } from '../../crds/routing-table.ts';
import type { Declared } from './declared.ts';
import type { Identity } from './result.ts';
import type { Candidate, Reference } from './types.ts';
import type { Weighed } from './weigh.ts';

type Data = Secret['data'];
type SecretReferenceOf = Extract<Reference, { readonly kind: 'Secret' }>;

/**
 * The values that the table's entries refer to, made of those before: of Secrets that have changed, and of those that somebody refers to, or no
 * longer refers to, since. A resource sees the Secrets of its own namespace only.
 */
export function nextValues(
  before: SecretValues,
  changed: readonly Identity[],
  { verdicts, referrers, changes }: Weighed,
  { byIdentity }: Declared,
): SecretValues {
  /** By Secret: every value of it that anybody refers to now. A Secret may have the passwords of a thousand telephones. */
  const referred = new Map<Identity, ReadonlySet<string>>();
  const referredOf = (secret: Identity): ReadonlySet<string> => {
    let names = referred.get(secret);
    if (names === undefined) {
      const who = referrers.get(secret) ?? [];
      names = new Set(who.flatMap((identity) => valueNames(verdicts.get(identity)?.candidate)));
      referred.set(secret, names);
    }
    return names;
  };
  const names = new Set<string>();
  for (const { before: was, now: is } of changes) {
    const old = valueNames(was?.candidate);
    const fresh = valueNames(is?.candidate);
    if (old.join() === fresh.join()) continue;
    for (const name of [...old, ...fresh]) names.add(name);
  }
  for (const identity of changed) {
    if (!identity.startsWith('Secret ')) continue;
    for (const name of referredOf(identity)) if (secretOf(name) === identity) names.add(name);
  }
  let next: Map<string, string> | undefined;
  for (const name of names) {
    const secret = secretOf(name);
    const data = (byIdentity.get(secret)?.resource as Secret | undefined)?.data;
    const key = name.slice(name.lastIndexOf('/') + 1);
    const exists = data !== undefined && Object.hasOwn(data, key) && referredOf(secret).has(name);
    const value = exists ? data[key] : undefined;
    if (value === before.get(name)) continue;
    next ??= new Map(before);
    if (value === undefined) next.delete(name);
    else next.set(name, value);
  }
  return next ?? before;
}

/** `NAMESPACE/NAME/KEY`; none of the three holds a slash. */
function secretOf(name: string): Identity {
  return `Secret ${name.slice(0, name.lastIndexOf('/')) as ResourceKey}`;
}

/** The names of all values that a resource refers to. */
function valueNames(candidate: Candidate | undefined): readonly string[] {
  const { account = '', references = [] } = candidate?.used ?? {};
  return references
    .filter((one): one is SecretReferenceOf => one.kind === 'Secret')
    .map(({ name, key }) => `${account}/${name}/${key}`);
}

export function sameKeys(a: Data, b: Data): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key));
}
