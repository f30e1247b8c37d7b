import { measure } from './callflow/measure.ts';
import type { CallflowNode } from './callflow/node.ts';
import { type Fault, fault } from './errors/fault.ts';
import { streamCodes } from './errors/stream.ts';
import type { CompiledCallflow, FleetSettings, ResourceKey, Route } from './routing-table.ts';
import type { Changes, RecordChanges, TableDelta } from './table-delta.ts';
import { RECORDS, type RecordName, type TableSettings } from './table-hash.ts';
import type { RecordEntry, TablePiece } from './table-pieces.ts';

/**
 * Reads parts of a routing table that come from elsewhere: the stream, a file, a Secret. What the operator has validated is not validated anew,
 * only whether it is what the types say. Members that are not known stay: they count in the hash, and may be of a later version.
 */
export type Read<T> = { readonly ok: true } & T;
export type Refused = { readonly ok: false; readonly fault: Fault };

type Members = { readonly [name: string]: unknown };

/** Characters of a name that is shown in a message. */
const SHOWN = 100;

export function isMembers(value: unknown): value is Members {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

export function refuse(message: string): Refused {
  return { ok: false, fault: fault(streamCodes.malformed, message) };
}

/** JSON that is not JSON is undefined. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function readTablePiece(text: string): Read<{ readonly piece: TablePiece }> | Refused {
  const value = parseJson(text);
  if (!isMembers(value)) return refuse('a piece of the table is not a JSON object');
  const callflows = readAll(value['callflows'], readCallflow);
  if (!callflows.ok) return callflows;
  const routes = readAll(value['routes'], readRoute);
  if (!routes.ok) return routes;
  const records = readAll(value['records'], readRecordEntry);
  if (!records.ok) return records;
  const content = { records: records.all, callflows: callflows.all, routes: routes.all };
  if (value['settings'] === undefined) return { ok: true, piece: content };
  const settings = readSettings(value['settings']);
  return settings.ok ? { ok: true, piece: { settings: settings.settings, ...content } } : settings;
}

export function readTableDelta(value: unknown): Read<{ readonly delta: TableDelta }> | Refused {
  if (!isMembers(value) || !isVersion(value['from']) || !isVersion(value['to'])) {
    return refuse('a change of the table does not say from which version to which');
  }
  const callflows = readChanges(value['callflows'], readCallflow, readKey);
  if (!callflows.ok) return callflows;
  const routes = readChanges(value['routes'], readRoute, readRoute);
  if (!routes.ok) return routes;
  const records = readRecords(value['records']);
  if (!records.ok) return records;
  const delta = {
    from: value['from'],
    to: value['to'],
    ...(records.records === undefined ? {} : { records: records.records }),
    callflows: callflows.changes,
    routes: routes.changes,
  };
  if (value['settings'] === undefined) return { ok: true, delta };
  const settings = readSettings(value['settings']);
  return settings.ok ? { ok: true, delta: { ...delta, settings: settings.settings } } : settings;
}

/** The form of `tableVersion`; `isDigest` that of `secretsDigest`. */
export function isVersion(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{16}$/.test(value);
}

export function isDigest(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{32}$/.test(value);
}

/** `namespace/name`, neither longer than Kubernetes has them. */
export function isResourceKey(value: unknown): value is ResourceKey {
  return typeof value === 'string' && value.length <= 317 && /^[^/]+\/[^/]+$/.test(value);
}

function readAll<T extends object | ResourceKey>(
  value: unknown,
  read: (value: unknown) => { readonly one: T } | { readonly problem: string },
): Read<{ readonly all: T[] }> | Refused {
  if (!Array.isArray(value)) return refuse('a list of the table is not a list');
  const all: T[] = [];
  for (const item of value) {
    const found = read(item);
    if ('problem' in found) return refuse(found.problem);
    all.push(found.one);
  }
  return { ok: true, all };
}

type One<T> = { readonly one: T } | { readonly problem: string };

function readChanges<T extends object, K extends object | ResourceKey>(
  value: unknown,
  readSet: (value: unknown) => One<T>,
  readDel: (value: unknown) => One<K>,
): Read<{ readonly changes: Changes<T, K> }> | Refused {
  if (!isMembers(value)) return refuse('a list of changes is missing');
  const set = readAll(value['set'], readSet);
  if (!set.ok) return set;
  const del = readAll(value['del'], readDel);
  return del.ok ? { ok: true, changes: { set: set.all, del: del.all } } : del;
}

function readRecords(value: unknown): Read<{ readonly records: RecordChanges | undefined }> | Refused {
  if (value === undefined) return { ok: true, records: undefined };
  if (!isMembers(value)) return refuse('the changes of the records cannot be read');
  const records: [string, unknown][] = [];
  for (const [name, changes] of Object.entries(value)) {
    if (!isRecordName(name)) return refuse('the changes are of a record that is not known');
    const read = readChanges(changes, readEntry, readKey);
    if (!read.ok) return read;
    records.push([name, read.changes]);
  }
  return { ok: true, records: Object.fromEntries(records) };
}

function isRecordName(value: unknown): value is RecordName {
  return (RECORDS as readonly unknown[]).includes(value);
}

function readEntry(value: unknown): One<readonly [ResourceKey, object]> {
  const problem = { problem: 'an entry of a record is not a key and an object' };
  if (!Array.isArray(value) || value.length !== 2) return problem;
  const [key, entry] = value;
  return isResourceKey(key) && isMembers(entry) ? { one: [key, entry] } : problem;
}

function readRecordEntry(value: unknown): One<RecordEntry> {
  if (!Array.isArray(value) || !isRecordName(value[0])) return { problem: 'an entry is of a record that is not known' };
  const [name, ...rest] = value;
  const read = readEntry(rest);
  return 'problem' in read ? read : { one: [name, ...read.one] };
}

function readSettings(value: unknown): Read<{ readonly settings: TableSettings }> | Refused {
  if (!isMembers(value) || typeof value['defaultAccount'] !== 'string')
    return refuse('the table has no default account');
  const { baseDomain, realms } = value;
  if (baseDomain !== undefined && typeof baseDomain !== 'string') return refuse('the base domain is not a text');
  if (!isMembers(realms) || !Object.values(realms).every((account) => typeof account === 'string')) {
    return refuse('the realms are not texts by host');
  }
  if (value['fleet'] !== undefined && !isFleet(value['fleet']))
    return refuse('the settings of the fleet cannot be read');
  if ('version' in value || 'routes' in value || 'callflows' in value || RECORDS.some((name) => name in value))
    return refuse('the settings hold what is no setting');
  return { ok: true, settings: value as unknown as TableSettings };
}

function isFleet(value: unknown): value is FleetSettings {
  if (!isMembers(value)) return false;
  const { callsPerWorker, callSeconds, outgoing, traceUrl } = value;
  const isCount = (one: unknown): boolean => one === undefined || (Number.isSafeInteger(one) && Number(one) > 0);
  const isList = (one: unknown): boolean => Array.isArray(one) && one.every((entry) => typeof entry === 'string');
  const isPolicy = (one: unknown): boolean =>
    isMembers(one) && typeof one['allowPrivate'] === 'boolean' && isList(one['allow']) && isList(one['deny']);
  return (
    isCount(callsPerWorker) &&
    isCount(callSeconds) &&
    (outgoing === undefined || isPolicy(outgoing)) &&
    (traceUrl === undefined || typeof traceUrl === 'string')
  );
}

function readKey(value: unknown): One<ResourceKey> {
  return isResourceKey(value) ? { one: value } : { problem: 'a key is not NAMESPACE/NAME' };
}

function readCallflow(value: unknown): One<CompiledCallflow> {
  if (!isMembers(value) || !isResourceKey(value['key'])) return { problem: 'a callflow has no key' };
  const { key, account, name, generation, flow, label } = value;
  const problem = (what: string) => ({ problem: `callflow ${key.slice(0, SHOWN)}: ${what}` });
  if (key !== `${String(account)}/${String(name)}`) return problem('its key is not its account and name');
  if (!Number.isSafeInteger(generation)) return problem('its generation is not a number');
  if (label !== undefined && typeof label !== 'string') return problem('its label is not a text');
  const unfit = measure(flow);
  if (unfit !== undefined) return problem(unfit.message);
  return isNode(flow) ? { one: value as unknown as CompiledCallflow } : problem('an action has no module or no data');
}

/** Recursive: `measure` has limited the depth. */
function isNode(value: unknown): value is CallflowNode {
  if (!isMembers(value) || typeof value['module'] !== 'string' || !isMembers(value['data'])) return false;
  const { children } = value;
  return children === undefined || (isMembers(children) && Object.values(children).every(isNode));
}

function readRoute(value: unknown): One<Route> {
  const problem = { problem: 'a route is none of the known kinds' };
  if (!isMembers(value) || !isResourceKey(value['callflow'])) return problem;
  const { kind, account, number, pattern } = value;
  const fits =
    kind === 'e164'
      ? isClaim(number)
      : isClaim(account) &&
        ((kind === 'extension' && isClaim(number)) || (kind === 'pattern' && isClaim(pattern)) || kind === 'no_match');
  return fits ? { one: value as unknown as Route } : problem;
}

/** Numbers, accounts and patterns: not empty, and not longer than a pattern may be. */
function isClaim(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 2048;
}
