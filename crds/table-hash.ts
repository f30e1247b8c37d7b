import { hash } from 'node:crypto';
import type { CallflowNode } from './callflow/node.ts';
import type { CompiledCallflow, ResourceKey, Route, RoutingTable } from './routing-table.ts';
import { canonicalJson, compareText } from './table-version.ts';

/** Canonical texts of flows, by object: a flow is never changed, and most of them stay from table to table. */
export type TextCache = WeakMap<CallflowNode, string>;

/** Of a digest. */
const DIGEST_BITS = 128;
/** Entries that are hashed before others have their turn: about a millisecond. */
const STEP = 500;

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

/** Records by resource that may be absent. There may be thousands of entries, so each is sent by itself. */
export const RECORDS = ['media', 'trunks', 'users', 'devices'] as const satisfies readonly (keyof RoutingTable)[];
export type RecordName = (typeof RECORDS)[number];
/** Entries of a record: what they are is between those who put them in and who take them out. */
export type TableRecord = Readonly<Record<ResourceKey, object>>;

/** What of a table is neither version nor route nor an entry of a record; members of later versions included. */
export type TableSettings = Omit<RoutingTable, 'version' | 'routes' | 'callflows' | RecordName>;

export function settingsOf({
  version: _version,
  routes: _routes,
  callflows: _callflows,
  media: _media,
  trunks: _trunks,
  users: _users,
  devices: _devices,
  ...rest
}: RoutingTable): TableSettings {
  return rest;
}

/**
 * What a table amounts to: the sum, modulo 2^128, of a hash of each of its entries. So equal tables have equal digests whatever the order in which
 * they were made, and a change costs the hashes of what has changed, not of a hundred thousand numbers.
 */
export type TableDigest = bigint;

export function addDigest(digest: TableDigest, entry: TableDigest): TableDigest {
  return BigInt.asUintN(DIGEST_BITS, digest + entry);
}

export function subtractDigest(digest: TableDigest, entry: TableDigest): TableDigest {
  return BigInt.asUintN(DIGEST_BITS, digest - entry);
}

function digestOf(text: string): TableDigest {
  return BigInt(`0x${hash('sha256', text).slice(0, DIGEST_BITS / 4)}`);
}

export function routeDigest(route: Route): TableDigest {
  return digestOf(`"routes":${routeText(route)}`);
}

/** One entry of a member that is a record; `text` is its canonical JSON. */
export function entryDigest(member: string, key: string, text: string): TableDigest {
  return digestOf(`${JSON.stringify(member)}:${JSON.stringify(key)}:${text}`);
}

/** A member that is neither routes nor callflows, its entries each by itself; members of later versions are hashed like any other. */
export function memberDigest(member: string, value: unknown): TableDigest {
  if (value === undefined) return 0n;
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    return digestOf(`${JSON.stringify(member)}:${canonicalJson(value)}`);
  }
  // An empty record is something else than none.
  let digest = digestOf(JSON.stringify(member));
  for (const [key, entry] of Object.entries(value)) {
    if (entry !== undefined) digest = addDigest(digest, entryDigest(member, key, canonicalJson(entry)));
  }
  return digest;
}

/** The version of a table with this digest: 16 hex digits. */
export function versionOf(digest: TableDigest): string {
  return hash('sha256', digest.toString(16)).slice(0, 16);
}

/** The version of a table, in steps so that a large one does not stop the event loop, and with the texts of flows kept from one table to the next. */
export function* hashTable(table: RoutingTable, cache: TextCache): Generator<void, string> {
  let digest: TableDigest = 0n;
  let done = 0;
  for (const route of table.routes) {
    digest = addDigest(digest, routeDigest(route));
    if (++done % STEP === 0) yield;
  }
  for (const [key, callflow] of Object.entries(table.callflows)) {
    digest = addDigest(digest, entryDigest('callflows', key, callflowText(callflow, cache)));
    if (++done % STEP === 0) yield;
  }
  for (const [member, value] of Object.entries(settingsOf(table))) {
    digest = addDigest(digest, memberDigest(member, value));
  }
  for (const member of RECORDS) {
    const record: TableRecord | undefined = table[member];
    if (record === undefined) continue;
    digest = addDigest(digest, memberDigest(member, {}));
    for (const [key, entry] of Object.entries(record)) {
      digest = addDigest(digest, entryDigest(member, key, canonicalJson(entry)));
      if (++done % STEP === 0) yield;
    }
  }
  return versionOf(digest);
}

/** The version of a table with this content. */
export function tableVersion(content: Omit<RoutingTable, 'version'>): string {
  return finish(hashTable({ version: '', ...content }, new WeakMap()));
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
