import { type Fault, fault } from './errors/fault.ts';
import { streamCodes } from './errors/stream.ts';
import { readTablePiece } from './read-table.ts';
import type { CompiledCallflow, ResourceKey, Route, RoutingTable } from './routing-table.ts';
import {
  callflowText,
  hashTable,
  RECORDS,
  type RecordName,
  routeText,
  settingsOf,
  type TableSettings,
  type TextCache,
} from './table-hash.ts';
import { canonicalJson } from './table-version.ts';

/** Characters of a piece, give or take one callflow: small enough to be parsed within a millisecond or two. */
const PIECE_LENGTH = 128 * 1024;

/** An entry of one of the records besides the callflows. */
export type RecordEntry = readonly [record: RecordName, key: ResourceKey, entry: object];

/** A part of a table; the first has the settings. */
export interface TablePiece {
  readonly settings?: TableSettings;
  readonly records: readonly RecordEntry[];
  readonly callflows: readonly CompiledCallflow[];
  readonly routes: readonly Route[];
}

/**
 * Cuts a table into pieces that are JSON documents of their own, so that neither side has to write or read it in one go. On the stream each
 * is a message; in files and Secrets each is a line. No secret values.
 */
export function* tablePieces(table: RoutingTable, cache: TextCache): Generator<string> {
  let records: string[] = [];
  let callflows: string[] = [];
  let routes: string[] = [];
  let settings: string | undefined = `"settings":${canonicalJson(settingsOf(table))},`;
  let length = 0;
  const piece = (): string => {
    const text = `{${settings ?? ''}"records":[${records.join(',')}],"callflows":[${callflows.join(',')}],"routes":[${routes.join(',')}]}`;
    settings = undefined;
    records = [];
    callflows = [];
    routes = [];
    length = 0;
    return text;
  };
  for (const name of RECORDS) {
    for (const [key, entry] of Object.entries(table[name] ?? {})) {
      const text = `[${JSON.stringify(name)},${JSON.stringify(key)},${canonicalJson(entry)}]`;
      records.push(text);
      length += text.length;
      if (length >= PIECE_LENGTH) yield piece();
    }
  }
  for (const callflow of Object.values(table.callflows)) {
    const text = callflowText(callflow, cache);
    callflows.push(text);
    length += text.length;
    if (length >= PIECE_LENGTH) yield piece();
  }
  for (const route of table.routes) {
    const text = routeText(route);
    routes.push(text);
    length += text.length;
    if (length >= PIECE_LENGTH) yield piece();
  }
  if (length > 0 || settings !== undefined) yield piece();
}

/** A table that comes in pieces. */
export class TableAssembly {
  readonly #cache: TextCache;
  readonly #callflows: [ResourceKey, CompiledCallflow][] = [];
  readonly #routes: Route[] = [];
  readonly #records = new Map<RecordName, [ResourceKey, object][]>();
  #settings: TableSettings | undefined;

  constructor(cache: TextCache) {
    this.#cache = cache;
  }

  /** Takes the text of the next piece. */
  add(text: string): Fault | undefined {
    const read = readTablePiece(text);
    if (!read.ok) return read.fault;
    this.#settings ??= read.piece.settings;
    for (const [name, key, entry] of read.piece.records) {
      const entries = this.#records.get(name) ?? [];
      this.#records.set(name, entries);
      entries.push([key, entry]);
    }
    for (const callflow of read.piece.callflows) this.#callflows.push([callflow.key, callflow]);
    // Not `push(...routes)`: the arguments of a call are limited.
    for (const route of read.piece.routes) this.#routes.push(route);
    return undefined;
  }

  /** The whole, if its content has the hash that its version says. */
  *finish(version: string): Generator<void, { readonly table: RoutingTable } | { readonly fault: Fault }> {
    if (this.#settings === undefined) return { fault: fault(streamCodes.malformed, 'the table has no settings') };
    const callflows: RoutingTable['callflows'] = Object.fromEntries(this.#callflows);
    const records = Object.fromEntries([...this.#records].map(([name, all]) => [name, Object.fromEntries(all)]));
    const table: RoutingTable = { ...this.#settings, ...records, version, routes: this.#routes, callflows };
    const found = yield* hashTable(table, this.#cache);
    if (found === version) return { table };
    return { fault: fault(streamCodes.tableMismatch, `the table of version ${version} has the content of ${found}`) };
  }
}

/** Name of a file that holds part `index` (from 0) of `count` of a compressed table. */
export function snapshotFileName(version: string, index: number, count: number): string {
  return `${version}.${index}.${count}.gz`;
}

export interface SnapshotFile {
  readonly version: string;
  readonly index: number;
  readonly count: number;
}

/** What a file's name says; undefined: it is another file. */
export function readSnapshotFileName(name: string): SnapshotFile | undefined {
  const [, version, index, count] = /^([0-9a-f]{16})\.(\d{1,3})\.(\d{1,3})\.gz$/.exec(name) ?? [];
  if (version === undefined) return undefined;
  const file = { version, index: Number(index), count: Number(count) };
  return file.index < file.count ? file : undefined;
}
