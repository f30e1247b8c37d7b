import type { Json, JsonObject } from '../../crds/callflow/node.ts';

/** Names one value among `SecretValues`. */
export interface Reference {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

export function asObject(value: Json | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

/**
 * The reference in what a compiled callflow holds in place of a secret value: exactly a `SecretReference`, `{secretKeyRef: {namespace, name,
 * key}}`. No other spelling counts, because the validator keeps this one out of what web servers answer: they may not read Secrets.
 */
export function referenceIn(value: Json | undefined): Reference | undefined {
  const { namespace, name, key } = asObject(asObject(value)?.['secretKeyRef']) ?? {};
  return typeof namespace === 'string' && typeof name === 'string' && typeof key === 'string'
    ? { namespace, name, key }
    : undefined;
}
