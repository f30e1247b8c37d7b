import type { CompiledCallflow, ResourceKey, Route, RoutingTable } from '../../../crds/routing-table.ts';
import { tableVersion } from '../../../crds/table-hash.ts';
import { compareRoutes } from '../../../crds/table-version.ts';

export function callflowOf(key: ResourceKey, generation = 1, url = 'https://app.example.com/voice'): CompiledCallflow {
  const [account = '', name = ''] = key.split('/');
  const flow = {
    module: 'pivot',
    data: { voice_url: `${url}?${key}`, method: 'post', req_timeout_ms: 5000, debug: true },
  };
  return { key, account, name, generation, flow };
}

export function tableOf(callflows: readonly CompiledCallflow[], routes: readonly Route[]): RoutingTable {
  const content = {
    defaultAccount: 'default',
    realms: {},
    routes: [...routes].sort(compareRoutes),
    callflows: Object.fromEntries(callflows.map((one) => [one.key, one])),
  };
  return { version: tableVersion(content), ...content };
}

/** `count` callflows with one number each; those in `changed` are of generation 2. */
export function numbersTable(count: number, changed: readonly number[] = []): RoutingTable {
  const keys = Array.from({ length: count }, (_, index): ResourceKey => `acme/flow-${String(index).padStart(6, '0')}`);
  return tableOf(
    keys.map((key, index) => callflowOf(key, changed.includes(index) ? 2 : 1)),
    keys.map((callflow, index): Route => ({ kind: 'e164', number: `+1${4_000_000_000 + index}`, callflow })),
  );
}
