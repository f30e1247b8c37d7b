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
 * The reference in what a compiled callflow holds in place of a secret value (`SecretReference`), whether bare or still under the name
 * that the manifest gave it: `{secretKeyRef}`, `{secretRef}`, `{valueFrom: {secretKeyRef}}`, or the three names themselves.
 */
export function referenceIn(value: Json | undefined): Reference | undefined {
  let object = asObject(value);
  for (const wrapper of ['valueFrom', 'secretRef', 'secretKeyRef'] as const) {
    const inner = asObject(object?.[wrapper]);
    if (inner !== undefined) object = inner;
  }
  const { namespace, name, key } = object ?? {};
  return typeof namespace === 'string' && typeof name === 'string' && typeof key === 'string'
    ? { namespace, name, key }
    : undefined;
}
