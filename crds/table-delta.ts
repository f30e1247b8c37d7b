import { type Fault, fault } from './errors/fault.ts';
import { streamCodes } from './errors/stream.ts';
import type { CompiledCallflow, ResourceKey, Route, RoutingTable } from './routing-table.ts';
import {
  callflowText,
  hashTable,
  routeText,
  settingsOf,
  sortedKeys,
  type TableSettings,
  type TextCache,
} from './table-hash.ts';
import { canonicalJson, compareRoutes, compareText } from './table-version.ts';

/** Entries that come or change, and those that go. */
export interface Changes<T, K> {
  readonly set: readonly T[];
  readonly del: readonly K[];
}

/** What makes one table of another. Holds no secret values: those have a delta of their own (`secret-values.ts`). */
export interface TableDelta {
  readonly from: string;
  readonly to: string;
  /** All of them, if any differs. */
  readonly settings?: TableSettings;
  readonly callflows: Changes<CompiledCallflow, ResourceKey>;
  /** A number that moves to another callflow is in both lists. */
  readonly routes: Changes<Route, Route>;
}

/** The difference of two canonical tables (routes sorted by `compareRoutes`, none twice). */
export function diffTables(from: RoutingTable, to: RoutingTable, cache: TextCache = new WeakMap()): TableDelta {
  const settings = settingsOf(to);
  const changed = canonicalJson(settings) !== canonicalJson(settingsOf(from));
  return {
    from: from.version,
    to: to.version,
    ...(changed ? { settings } : {}),
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
    routes: applyRoutes(table.routes, delta.routes),
    callflows: applyCallflows(table.callflows, delta.callflows),
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
  let settings: TableSettings | undefined;
  for (const delta of deltas) {
    settings = delta.settings ?? settings;
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

/** What `compareRoutes` compares. */
function identityOf(route: Route): string {
  const { kind, account, number, pattern, callflow } = route as Readonly<Record<string, unknown>>;
  return JSON.stringify([kind, account, number, pattern, callflow]);
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

/** Deleting what is not there is no harm, so that merged deltas need not know where they start; the hash tells in the end. */
function applyCallflows(callflows: Callflows, { set, del }: TableDelta['callflows']): Callflows {
  if (set.length === 0 && del.length === 0) return callflows;
  const gone = new Set<string>(del);
  const changed = new Map<string, CompiledCallflow>(set.map((one) => [one.key, one]));
  const fresh = [...changed.keys()].filter((key) => !Object.hasOwn(callflows, key)).sort(compareText);
  const result: [string, CompiledCallflow][] = [];
  let next = 0;
  for (const key of sortedKeys(callflows)) {
    for (; next < fresh.length && fresh[next]! < key; next++) result.push([fresh[next]!, changed.get(fresh[next]!)!]);
    const now = changed.get(key) ?? (gone.has(key) ? undefined : callflows[key as ResourceKey]);
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
    const order = before === undefined ? 1 : after === undefined ? -1 : compareRoutes(before, after);
    if (order === 0 && !sameMembers(before!, after!) && routeText(before!) !== routeText(after!)) set.push(after!);
    if (order < 0) del.push(before!);
    if (order > 0) set.push(after!);
    if (order <= 0) old++;
    if (order >= 0) now++;
  }
  return { set, del };
}

function applyRoutes(routes: readonly Route[], { set, del }: TableDelta['routes']): readonly Route[] {
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
