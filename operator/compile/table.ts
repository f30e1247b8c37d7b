import type { PivotFleetSpec } from '../../crds/resources.ts';
import type { CompiledCallflow, ResourceKey, Route, RoutingTable } from '../../crds/routing-table.ts';
import { applyEntries, applyRoutes, type Changes } from '../../crds/table-delta.ts';
import {
  addDigest,
  callflowText,
  entryDigest,
  memberDigest,
  RECORDS,
  type RecordName,
  routeDigest,
  subtractDigest,
  type TableDigest,
  type TableRecord,
  versionOf,
} from '../../crds/table-hash.ts';
import { canonicalJson, compareText } from '../../crds/table-version.ts';
import { fleetSettings } from './fleets.ts';
import type { TableEntry, Verdict } from './types.ts';
import type { VerdictChange, Weighed } from './weigh.ts';

/** A table and its digest, to go on from. */
export interface Digested {
  readonly table: RoutingTable;
  readonly digest: TableDigest;
}

export interface TableOptions {
  readonly defaultAccount?: string;
  readonly baseDomain?: string;
  /** Goes before the other two. */
  readonly fleet: PivotFleetSpec | undefined;
}

/** The next table, made of the one before by what has changed. */
export function nextTable(before: Digested, { changes, ownerOf }: Weighed, options: TableOptions): Digested {
  const { table } = before;
  const settings = settingsOf(options, nextRealms(table.realms, changes, ownerOf));
  const sum = new Sum(before.digest);
  for (const name of ['defaultAccount', 'baseDomain', 'realms', 'fleet'] as const) {
    if (table[name] === settings[name]) continue;
    sum.take(memberDigest(name, table[name]));
    sum.put(memberDigest(name, settings[name]));
  }
  const routes = routeChanges(changes);
  for (const route of routes.del) sum.take(routeDigest(route));
  for (const route of routes.set) sum.put(routeDigest(route));
  const next = {
    ...settings,
    routes: applyRoutes(table.routes, routes),
    callflows: nextRecord('callflows', table.callflows, changes, sum) ?? {},
  };
  for (const name of RECORDS) {
    const record = nextRecord(name, table[name], changes, sum);
    if ((record === undefined) !== (table[name] === undefined)) {
      sum[record === undefined ? 'take' : 'put'](memberDigest(name, {}));
    }
    if (record !== undefined) Object.assign(next, { [name]: record });
  }
  return { table: { version: versionOf(sum.digest), ...next }, digest: sum.digest };
}

/** A digest in the making. */
class Sum {
  digest: TableDigest;

  constructor(digest: TableDigest) {
    this.digest = digest;
  }

  put(entry: TableDigest): void {
    this.digest = addDigest(this.digest, entry);
  }

  take(entry: TableDigest): void {
    this.digest = subtractDigest(this.digest, entry);
  }
}

type Settings = Pick<RoutingTable, 'defaultAccount' | 'baseDomain' | 'realms' | 'fleet'>;

function settingsOf({ fleet, ...options }: TableOptions, realms: RoutingTable['realms']): Settings {
  const { defaultAccount = 'default', baseDomain } = { ...options, ...fleet };
  const settings = fleet === undefined ? undefined : fleetSettings(fleet);
  return {
    defaultAccount,
    ...(baseDomain === undefined ? {} : { baseDomain: baseDomain.toLowerCase() }),
    realms,
    ...(settings === undefined ? {} : { fleet: settings }),
  };
}

function nextRealms(
  before: RoutingTable['realms'],
  changes: readonly VerdictChange[],
  ownerOf: Weighed['ownerOf'],
): RoutingTable['realms'] {
  const realms = new Map<string, string | undefined>();
  for (const { before: was, now: is } of changes) {
    for (const { claim, name } of [...(was?.candidate.stakes ?? []), ...(is?.candidate.stakes ?? [])]) {
      if (claim.kind === 'realm') realms.set(claim.value, ownerOf(name)?.account);
    }
  }
  if ([...realms].every(([host, account]) => before[host] === account)) return before;
  const all = Object.entries({ ...before, ...Object.fromEntries(realms) })
    .filter((one): one is [string, string] => one[1] !== undefined)
    .sort(([a], [b]) => compareText(a, b));
  return Object.fromEntries(all);
}

function routeChanges(changes: readonly VerdictChange[]): Changes<Route, Route> {
  const set: Route[] = [];
  const del: Route[] = [];
  for (const { before, now } of changes) {
    const old = new Set(before?.routes);
    const fresh = new Set(now?.routes);
    for (const route of old) if (!fresh.has(route)) del.push(route);
    for (const route of fresh) if (!old.has(route)) set.push(route);
  }
  return { set, del };
}

/** The next state of one of the table's records; undefined: it is empty. */
function nextRecord<T extends TableRecord>(
  name: RecordName | 'callflows',
  before: T | undefined,
  changes: readonly VerdictChange[],
  sum: Sum,
): T | undefined {
  const set: [ResourceKey, object][] = [];
  const del: ResourceKey[] = [];
  for (const { before: was, now: is } of changes) {
    const old = was?.entry?.record === name ? was.entry : undefined;
    const fresh = is?.entry?.record === name ? is.entry : undefined;
    if (old?.value === fresh?.value) continue;
    const key = keyOf(was ?? is!);
    if (old !== undefined) sum.take(digestOf(key, old));
    if (fresh === undefined) del.push(key);
    else {
      set.push([key, fresh.value]);
      sum.put(digestOf(key, fresh));
    }
  }
  if (set.length === 0 && del.length === 0) return before;
  const record = applyEntries((before ?? {}) as TableRecord, { set, del });
  return set.length === 0 && Object.keys(record).length === 0 ? undefined : (record as T);
}

function keyOf({ candidate }: Verdict): ResourceKey {
  const { namespace, name } = candidate.located.resource.metadata;
  return `${namespace}/${name}`;
}

function digestOf(key: ResourceKey, { record, value }: TableEntry): TableDigest {
  const text = record === 'callflows' ? callflowText(value as CompiledCallflow, new WeakMap()) : canonicalJson(value);
  return entryDigest(record, key, text);
}
