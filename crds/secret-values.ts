import { createHash } from 'node:crypto';
import type { SecretValues } from './routing-table.ts';
import { compareText } from './table-version.ts';

/**
 * Names the content of all values together, as a version names a table's. It goes over the stream and nowhere else: who has it could try out
 * guesses of short values.
 */
export function secretsDigest(values: SecretValues): string {
  const hash = createHash('sha256');
  for (const name of [...values.keys()].sort(compareText)) hash.update(JSON.stringify([name, values.get(name)]));
  return hash.digest('hex').slice(0, 32);
}

export interface SecretsDelta {
  readonly from: string;
  readonly to: string;
  readonly set: readonly (readonly [name: string, value: string])[];
  readonly del: readonly string[];
}

export function diffSecrets(from: SecretValues, to: SecretValues): Pick<SecretsDelta, 'set' | 'del'> {
  return {
    set: [...to].filter(([name, value]) => from.get(name) !== value),
    del: [...from.keys()].filter((name) => !to.has(name)),
  };
}

export function applySecrets(values: SecretValues, { set, del }: Pick<SecretsDelta, 'set' | 'del'>): SecretValues {
  if (set.length === 0 && del.length === 0) return values;
  const next = new Map(values);
  for (const name of del) next.delete(name);
  for (const [name, value] of set) next.set(name, value);
  return next;
}

/** One delta that does what several in a row do; at least one is given. */
export function mergeSecrets(deltas: readonly SecretsDelta[]): SecretsDelta {
  const values = new Map<string, string | undefined>();
  for (const { set, del } of deltas) {
    for (const name of del) values.set(name, undefined);
    for (const [name, value] of set) values.set(name, value);
  }
  return {
    from: deltas[0]!.from,
    to: deltas.at(-1)!.to,
    set: [...values].flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
    del: [...values].filter(([, value]) => value === undefined).map(([name]) => name),
  };
}
