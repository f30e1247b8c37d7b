import { type Fault, fault } from './errors/fault.ts';
import { streamCodes } from './errors/stream.ts';
import type { CompiledCallflow, ResourceKey, Route, RoutingTable } from './routing-table.ts';
import {
  callflowText,
  hashTable,
  RECORDS,
  type RecordName,
  routeText,
  settingsOf,
  sortedKeys,
  type TableRecord,
  type TableSettings,
  type TextCache,
} from './table-hash.ts';
import { canonicalJson, compareRoutes, compareText } from './table-version.ts';

/** Entries that come or change, and those that go. */
export interface Changes<T, K> {
  readonly set: readonly T[];
  readonly del: readonly K[];
}

export type EntryChanges = Changes<readonly [key: ResourceKey, entry: object], ResourceKey>;
export type RecordChanges = { readonly [R in RecordName]?: EntryChanges };

/** What makes one table of another. Holds no secret values: those have a delta of their own (`secret-values.ts`). */
export interface TableDelta {
  readonly from: string;
  readonly to: string;
  /** All of them, if any differs. */
  readonly settings?: TableSettings;
  /** Of the other records, those that differ. */
  readonly records?: RecordChanges;
  readonly callflows: Changes<CompiledCallflow, ResourceKey>;
  /** A number that moves to another callflow is in both lists. */
  readonly routes: Changes<Route, Route>;
}

/** The difference of two canonical tables (routes sorted by `compareRoutes`, none twice). */
export function diffTables(from: RoutingTable, to: RoutingTable, cache: TextCache = new WeakMap()): TableDelta {
  const settings = settingsOf(to);
  const changed = canonicalJson(settings) !== canonicalJson(settingsOf(from));
  const records = diffRecords(from, to);
  return {
    from: from.version,
    to: to.version,
    ...(changed ? { settings } : {}),
    ...(Object.keys(records).length === 0 ? {} : { records }),
    callflows: diffCallflows(from.callflows, to.callflows, cache),
    routes: diffRoutes(from.routes, to.routes),
  };
}

export type Applied =
  | { readonly ok: true; readonly table: RoutingTable }
  | { readonly ok: false; readonly fault: Fault };

/** The table that a delta leads to, or a fault if it does not start here or does not end where it says. */
export function applyDelta(table: RoutingTable, delta: TableDelta, cache: TextCache = new WeakMap()): Applied {
  const steps = applyInSteps(table, delta, cache);
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}

/** `applyDelta` for large tables: pauses between steps. */
export function* applyInSteps(table: RoutingTable, delta: TableDelta, cache: TextCache): Generator<void, Applied> {
  if (table.version !== delta.from) {
    return mismatch(`a change starts at version ${delta.from}, and the table here is version ${table.version}`);
  }
  const next: RoutingTable = {
    ...(delta.settings ?? settingsOf(table)),
    version: delta.to,
    ...applyRecords(table, delta.records ?? {}),
    routes: applyRoutes(table.routes, delta.routes),
    callflows: applyEntries(table.callflows, {
      set: delta.callflows.set.map((one) => [one.key, one]),
      del: delta.callflows.del,
    }),
  };
  yield;
  const version = yield* hashTable(next, cache);
  if (version === delta.to) return { ok: true, table: next };
  return mismatch(`a change from version ${delta.from} to ${delta.to} leads to ${version}`);
}

function mismatch(message: string): Applied {
  return { ok: false, fault: fault(streamCodes.tableMismatch, message) };
}

/** One delta that does what several in a row do. At least one is given, and each starts where the one before ends. */
export function mergeDeltas(deltas: readonly TableDelta[]): TableDelta {
  const callflows = new Map<ResourceKey, CompiledCallflow | undefined>();
  const routes = new Map<string, { readonly route: Route; readonly present: boolean }>();
  const records = new Map<RecordName, Map<ResourceKey, object | undefined>>();
  let settings: TableSettings | undefined;
  for (const delta of deltas) {
    settings = delta.settings ?? settings;
    for (const name of RECORDS) {
      const changes = delta.records?.[name];
      if (changes === undefined) continue;
      const entries = records.get(name) ?? new Map<ResourceKey, object | undefined>();
      records.set(name, entries);
      for (const key of changes.del) entries.set(key, undefined);
      for (const [key, entry] of changes.set) entries.set(key, entry);
    }
    for (const key of delta.callflows.del) callflows.set(key, undefined);
    for (const one of delta.callflows.set) callflows.set(one.key, one);
    for (const route of delta.routes.del) routes.set(identityOf(route), { route, present: false });
    for (const route of delta.routes.set) routes.set(identityOf(route), { route, present: true });
  }
  const changed = [...routes.values()].sort((a, b) => compareRoutes(a.route, b.route));
  return {
    from: deltas[0]!.from,
    to: deltas.at(-1)!.to,
    ...(settings === undefined ? {} : { settings }),
    ...(records.size === 0 ? {} : { records: Object.fromEntries([...records].map(mergedChanges)) }),
    callflows: {
      set: [...callflows.values()].filter((one) => one !== undefined),
      del: [...callflows].filter(([, one]) => one === undefined).map(([key]) => key),
    },
    routes: {
      set: changed.filter((one) => one.present).map((one) => one.route),
      del: changed.filter((one) => !one.present).map((one) => one.route),
    },
  };
}

function mergedChanges([name, entries]: [RecordName, ReadonlyMap<ResourceKey, object | undefined>]): [
  RecordName,
  EntryChanges,
] {
  const all = [...entries];
  const set = all.flatMap(([key, entry]) => (entry === undefined ? [] : [[key, entry] as const]));
  return [name, { set, del: all.filter(([, entry]) => entry === undefined).map(([key]) => key) }];
}

/** What `compareRoutes` compares. */
function identityOf(route: Route): string {
  const { kind, account, number, pattern, callflow } = route as Readonly<Record<string, unknown>>;
  return JSON.stringify([kind, account, number, pattern, callflow]);
}

function diffRecords(from: RoutingTable, to: RoutingTable): RecordChanges {
  const changes: { [R in RecordName]?: EntryChanges } = {};
  for (const name of RECORDS) {
    const before: TableRecord = from[name] ?? {};
    const now: TableRecord = to[name] ?? {};
    if (before === now) continue;
    const set = (Object.entries(now) as [ResourceKey, object][]).filter(([key, entry]) => {
      const old = Object.hasOwn(before, key) ? before[key] : undefined;
      return old === undefined || (old !== entry && canonicalJson(old) !== canonicalJson(entry));
    });
    const del = (Object.keys(before) as ResourceKey[]).filter((key) => !Object.hasOwn(now, key));
    if (set.length > 0 || del.length > 0) changes[name] = { set, del };
  }
  return changes;
}

/** A record without entries is absent. */
function applyRecords(table: RoutingTable, changes: RecordChanges): Pick<RoutingTable, RecordName> {
  const all = RECORDS.flatMap((name): [RecordName, TableRecord][] => {
    const record: TableRecord = applyEntries((table[name] ?? {}) as TableRecord, changes[name] ?? { set: [], del: [] });
    return Object.keys(record).length === 0 ? [] : [[name, record]];
  });
  return Object.fromEntries(all);
}

type Callflows = RoutingTable['callflows'];

function diffCallflows(from: Callflows, to: Callflows, cache: TextCache): TableDelta['callflows'] {
  const set: CompiledCallflow[] = [];
  for (const [key, callflow] of Object.entries(to)) {
    const before = Object.hasOwn(from, key) ? from[key as ResourceKey] : undefined;
    if (before === undefined || !sameCallflow(before, callflow, cache)) set.push(callflow);
  }
  const del = (Object.keys(from) as ResourceKey[]).filter((key) => !Object.hasOwn(to, key));
  return { set, del };
}

/** The compiler makes new objects of what has not changed, but keeps the flows. */
function sameCallflow(a: CompiledCallflow, b: CompiledCallflow, cache: TextCache): boolean {
  if (a.generation !== b.generation) return false;
  return sameMembers(a, b) || callflowText(a, cache) === callflowText(b, cache);
}

/** Whether two objects have the same members with the same values: a quick yes; a no does not mean that they differ. */
function sameMembers(a: object, b: object): boolean {
  if (a === b) return true;
  const members = Object.entries(a);
  return (
    members.length === Object.keys(b).length &&
    members.every(([name, value]) => (b as Readonly<Record<string, unknown>>)[name] === value)
  );
}

/** A record, sorted by key, with changes. Deleting what is not there is no harm, so that merged deltas need not know where they start; the hash tells in the end. */
export function applyEntries<T extends object>(
  record: Readonly<Record<ResourceKey, T>>,
  { set, del }: Changes<readonly [ResourceKey, T], ResourceKey>,
): Readonly<Record<ResourceKey, T>> {
  if (set.length === 0 && del.length === 0) return record;
  const gone = new Set<string>(del);
  const changed = new Map<string, T>(set);
  const fresh = [...changed.keys()].filter((key) => !Object.hasOwn(record, key)).sort(compareText);
  if (fresh.length === 0 && !del.some((key) => Object.hasOwn(record, key))) {
    // The order stays as it is, and a copy is quicker than a record made anew.
    return Object.assign({ ...record }, Object.fromEntries(changed));
  }
  const result: [string, T][] = [];
  let next = 0;
  for (const key of sortedKeys(record)) {
    for (; next < fresh.length && fresh[next]! < key; next++) result.push([fresh[next]!, changed.get(fresh[next]!)!]);
    const now = changed.get(key) ?? (gone.has(key) ? undefined : record[key as ResourceKey]);
    if (now !== undefined) result.push([key, now]);
  }
  for (; next < fresh.length; next++) result.push([fresh[next]!, changed.get(fresh[next]!)!]);
  return Object.fromEntries(result);
}

/** Walks along two sorted lists. */
function diffRoutes(from: readonly Route[], to: readonly Route[]): TableDelta['routes'] {
  const set: Route[] = [];
  const del: Route[] = [];
  let old = 0;
  let now = 0;
  while (old < from.length || now < to.length) {
    const before = from[old];
    const after = to[now];
    if (before === after) {
      // Most routes are the same objects in both.
      old++;
      now++;
      continue;
    }
    const order = before === undefined ? 1 : after === undefined ? -1 : compareRoutes(before, after);
    if (order === 0 && !sameMembers(before!, after!) && routeText(before!) !== routeText(after!)) set.push(after!);
    if (order < 0) del.push(before!);
    if (order > 0) set.push(after!);
    if (order <= 0) old++;
    if (order >= 0) now++;
  }
  return { set, del };
}

/** Sorted routes with changes. */
export function applyRoutes(routes: readonly Route[], { set, del }: TableDelta['routes']): readonly Route[] {
  if (set.length === 0 && del.length === 0) return routes;
  const steps = [...del.map((route) => ({ route, add: false })), ...set.map((route) => ({ route, add: true }))].sort(
    (a, b) => compareRoutes(a.route, b.route) || Number(a.add) - Number(b.add),
  );
  const result: Route[] = [];
  let at = 0;
  for (const { route, add } of steps) {
    const position = lowerBound(routes, route, at);
    while (at < position) result.push(routes[at++]!);
    // A route with the same identity goes in either case: it is deleted, or another takes its place.
    if (at < routes.length && compareRoutes(routes[at]!, route) === 0) at++;
    if (add) result.push(route);
  }
  while (at < routes.length) result.push(routes[at++]!);
  return result;
}

/** The first place from `low` on whose route is not before `route`. */
function lowerBound(routes: readonly Route[], route: Route, low: number): number {
  let from = low;
  let to = routes.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (compareRoutes(routes[middle]!, route) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}
