import { isRecord } from '../kube/objects.ts';

/** A key of a Secret, in the namespace of whoever refers to it. */
export interface SecretRef {
  readonly name: string;
  readonly key: string;
}

/** Fields whose value names a Secret and a key (`crds/definitions/`). */
const FIELDS: ReadonlySet<string> = new Set(['secretKeyRef', 'secretRef', 'ca_secret_ref', 'passwordSecretRef']);

/**
 * Everything in a spec that may be a reference to a Secret. Rather too much than too little: it decides only which values are kept in memory, the
 * compile decides which are used.
 */
export function secretRefsOf(spec: unknown): readonly SecretRef[] {
  const refs: SecretRef[] = [];
  // Without recursion: a flow may be deep.
  const left: unknown[] = [spec];
  while (left.length > 0) {
    const value = left.pop();
    if (Array.isArray(value)) for (const one of value) left.push(one);
    else if (isRecord(value)) {
      for (const [field, one] of Object.entries(value)) {
        if (FIELDS.has(field) && isRecord(one) && typeof one['name'] === 'string' && typeof one['key'] === 'string') {
          refs.push({ name: one['name'], key: one['key'] });
        }
        left.push(one);
      }
    }
  }
  return refs;
}
