import type { CompiledCallflow, ResourceKey, Route, RoutingTable } from '../../../../crds/routing-table.ts';
import { tableVersion } from '../../../../crds/table-hash.ts';
import { compareRoutes } from '../../../../crds/table-version.ts';

export function callflowOf(key: ResourceKey, generation = 1): CompiledCallflow {
  const [account = '', name = ''] = key.split('/');
  return { key, account, name, generation, flow: { module: 'play', data: { id: `prompt of ${key}` } } };
}

export function tableOf(routes: readonly Route[], generation = 1): RoutingTable {
  const keys = [...new Set(routes.map((route) => route.callflow))].sort();
  const content = {
    defaultAccount: 'default',
    realms: {},
    routes: [...routes].sort(compareRoutes),
    callflows: Object.fromEntries(keys.map((key) => [key, callflowOf(key, generation)])),
  };
  return { version: tableVersion(content), ...content };
}

/** `count` numbers, each of a callflow of its own. */
export function numbersTable(count: number, generation = 1): RoutingTable {
  return tableOf(
    Array.from({ length: count }, (_, index): Route => {
      return {
        kind: 'e164',
        number: `+1${4_000_000_000 + index}`,
        callflow: `acme/flow-${String(index).padStart(6, '0')}`,
      };
    }),
    generation,
  );
}
