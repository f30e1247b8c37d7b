import type { PivotDevice, PivotTrunk, PivotUser } from '../../crds/resources.ts';
import type { CompiledCredentials, CompiledDevice, CompiledTrunk, CompiledUser } from '../../crds/routing-table.ts';
import { headOf } from './head.ts';
import type { Check, Reference } from './types.ts';

/**
 * Trunks, users and devices: once they can be read they are valid. What is not `enabled` is not in the table and claims nothing, but it is there
 * for those who refer to it.
 */
export function checkTrunk(resource: PivotTrunk): Check {
  const { credentials, enabled, ...spec } = resource.spec;
  const { metadata } = resource;
  const value: CompiledTrunk = { ...spec, ...compiledCredentials(credentials, metadata.namespace) };
  return {
    faults: [],
    checked: {
      ...headOf(resource),
      claims: [],
      references: passwordReference(credentials),
      entry: enabled ? { record: 'trunks', value } : undefined,
    },
  };
}

export function checkUser(resource: PivotUser): Check {
  const { devices = [], enabled, ...spec } = resource.spec;
  const { namespace } = resource.metadata;
  const value: CompiledUser = { ...spec, devices: devices.map((name) => `${namespace}/${name}` as const) };
  const references = devices.map(
    (name, index): Reference => ({
      kind: 'PivotDevice',
      name,
      subject: 'PivotUser',
      pointer: `/spec/devices/${index}`,
    }),
  );
  return {
    faults: [],
    checked: {
      ...headOf(resource),
      claims: [],
      references,
      entry: enabled ? { record: 'users', value } : undefined,
    },
  };
}

export function checkDevice(resource: PivotDevice): Check {
  const { credentials, enabled, ...spec } = resource.spec;
  const value: CompiledDevice = { ...spec, ...compiledCredentials(credentials, resource.metadata.namespace) };
  return {
    faults: [],
    checked: {
      ...headOf(resource),
      claims:
        credentials === undefined || !enabled
          ? []
          : [{ kind: 'username', value: credentials.username, pointer: '/spec/credentials/username' }],
      references: passwordReference(credentials),
      entry: enabled ? { record: 'devices', value } : undefined,
    },
  };
}

type Credentials = PivotDevice['spec']['credentials'];

function compiledCredentials(
  credentials: Credentials,
  namespace: string,
): { readonly credentials?: CompiledCredentials } {
  if (credentials === undefined) return {};
  const { username, passwordSecretRef } = credentials;
  const { name, key } = passwordSecretRef;
  return { credentials: { username, password: { secretKeyRef: { namespace, name, key } } } };
}

function passwordReference(credentials: Credentials): readonly Reference[] {
  if (credentials === undefined) return [];
  const { name, key } = credentials.passwordSecretRef;
  return [{ kind: 'Secret', name, key, pointer: '/spec/credentials/passwordSecretRef' }];
}
