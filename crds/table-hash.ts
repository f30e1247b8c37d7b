import { createHash } from 'node:crypto';
import type { CallflowNode } from './callflow/node.ts';
import type { CompiledCallflow, Route, RoutingTable } from './routing-table.ts';
import { canonicalJson, compareText } from './table-version.ts';

/** Canonical texts of flows, by object: a flow is never changed, and most of them stay from table to table. */
export type TextCache = WeakMap<CallflowNode, string>;

/** Characters that are given to the hash at once. */
const BATCH = 64 * 1024;

/** Members of each kind of route; one that has more is of a later version and takes the slow way. */
const ROUTE_MEMBERS: Readonly<Record<string, number>> = { e164: 3, extension: 4, pattern: 4, no_match: 3 };

/** `canonicalJson` of a callflow. */
export function callflowText(callflow: CompiledCallflow, cache: TextCache): string {
  let flow = cache.get(callflow.flow);
  if (flow === undefined) {
    flow = canonicalJson(callflow.flow);
    cache.set(callflow.flow, flow);
  }
  const { account, generation, key, label, name } = callflow;
  if (Object.keys(callflow).length === ('label' in callflow ? 6 : 5)) {
    const labelled = label === undefined ? '' : `"label":${JSON.stringify(label)},`;
    const head = `{"account":${JSON.stringify(account)},"flow":${flow},"generation":${generation},`;
    return `${head}"key":${JSON.stringify(key)},${labelled}"name":${JSON.stringify(name)}}`;
  }
  // It is of a later version.
  const members = Object.entries(callflow)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => compareText(a, b))
    .map(([member, value]) => `${JSON.stringify(member)}:${member === 'flow' ? flow : canonicalJson(value)}`);
  return `{${members.join(',')}}`;
}

/** `canonicalJson` of a route. */
export function routeText(route: Route): string {
  if (Object.keys(route).length !== ROUTE_MEMBERS[route.kind]) return canonicalJson(route);
  const callflow = JSON.stringify(route.callflow);
  if (route.kind === 'e164') return `{"callflow":${callflow},"kind":"e164","number":${JSON.stringify(route.number)}}`;
  const head = `{"account":${JSON.stringify(route.account)},"callflow":${callflow},"kind":"${route.kind}"`;
  if (route.kind === 'extension') return `${head},"number":${JSON.stringify(route.number)}}`;
  return route.kind === 'pattern' ? `${head},"pattern":${JSON.stringify(route.pattern)}}` : `${head}}`;
}

/** What of a table is neither version nor route nor callflow, members of later versions included. */
export type TableSettings = Omit<RoutingTable, 'version' | 'routes' | 'callflows'>;

export function settingsOf({
  version: _version,
  routes: _routes,
  callflows: _callflows,
  ...rest
}: RoutingTable): TableSettings {
  return rest;
}

/**
 * The same as `tableVersion` of the content, in steps of some 64 KiB so that a large table does not stop the event loop, and with the texts of
 * flows kept from one table to the next.
 */
export function* hashTable(table: RoutingTable, cache: TextCache): Generator<void, string> {
  const hash = createHash('sha256');
  let batch = '';
  const members = ['callflows', 'routes', ...Object.keys(settingsOf(table))].sort(compareText);
  let first = true;
  for (const name of members) {
    const value = (table as unknown as Readonly<Record<string, unknown>>)[name];
    if (value === undefined) continue;
    batch += `${first ? '{' : ','}${JSON.stringify(name)}:`;
    first = false;
    if (name !== 'callflows' && name !== 'routes') {
      batch += canonicalJson(value);
      continue;
    }
    const texts = name === 'callflows' ? memberTexts(table, cache) : table.routes.values().map(routeText);
    batch += name === 'callflows' ? '{' : '[';
    let separator = '';
    for (const text of texts) {
      batch += separator + text;
      separator = ',';
      if (batch.length >= BATCH) {
        hash.update(batch);
        batch = '';
        yield;
      }
    }
    batch += name === 'callflows' ? '}' : ']';
  }
  return hash.update(`${batch}}`).digest('hex').slice(0, 16);
}

function* memberTexts({ callflows }: RoutingTable, cache: TextCache): Generator<string> {
  for (const key of sortedKeys(callflows)) {
    yield `${JSON.stringify(key)}:${callflowText(callflows[key as keyof typeof callflows]!, cache)}`;
  }
}

/** The names of an object's members in canonical order; the compiler puts them in that order already. */
export function sortedKeys(record: object): string[] {
  const keys = Object.keys(record);
  for (let index = 1; index < keys.length; index++) {
    if (keys[index - 1]! > keys[index]!) return keys.sort(compareText);
  }
  return keys;
}

/** Runs steps to their end at once. */
export function finish<T>(steps: Generator<void, T>): T {
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}
