import { type Fault, fault } from '../../crds/errors/fault.ts';
import { manifestCodes } from '../../crds/errors/manifest.ts';
import type { Secret } from '../../crds/resources.ts';
import type { ResourceKey, SecretValues } from '../../crds/routing-table.ts';
import type { CheckedCallflow } from './check.ts';

/** The values that callflows refer to, and which references lead nowhere. A callflow sees the Secrets of its own namespace only. */
export function resolveSecrets(
  callflows: readonly CheckedCallflow[],
  secrets: ReadonlyMap<string, Secret>,
): { readonly values: SecretValues; readonly faults: ReadonlyMap<ResourceKey, readonly Fault[]> } {
  const values = new Map<string, string>();
  const faults = new Map<ResourceKey, Fault[]>();
  for (const { key, account, references } of callflows) {
    for (const { ref, pointer } of references.secrets) {
      const secret = secrets.get(`${account}/${ref.name}`);
      const value = secret !== undefined && Object.hasOwn(secret.data, ref.key) ? secret.data[ref.key] : undefined;
      if (value !== undefined) values.set(`${account}/${ref.name}/${ref.key}`, value);
      else {
        const problem =
          secret === undefined
            ? fault(manifestCodes.secretNotFound, `there is no Secret "${ref.name}" in ${account}`, { pointer })
            : fault(manifestCodes.secretKeyNotFound, `the Secret "${ref.name}" in ${account} has no key "${ref.key}"`, {
                pointer,
              });
        faults.set(key, [...(faults.get(key) ?? []), problem]);
      }
    }
  }
  return { values, faults };
}
