import type { PvCode } from '../../crds/errors/fault.ts';
import type { CompiledCallflow, ResourceKey, Route, RoutingTable } from '../../crds/routing-table.ts';
import type { RejectedObject } from '../../crds/stream.ts';
import type { TableDelta } from '../../crds/table-delta.ts';
import { callflowText, finish, hashTable, routeText, type TextCache } from '../../crds/table-hash.ts';
import { compareRoutes } from '../../crds/table-version.ts';

/** A callflow that a worker could not use, and that is left out of the table for that. */
export interface Rejection {
  readonly key: ResourceKey;
  readonly generation: number;
  readonly code: PvCode;
  readonly message: string;
  /** Names of the workers that said so. */
  readonly workers: ReadonlySet<string>;
  /** The generation that stays in use; undefined: none. */
  readonly kept: number | undefined;
}

/** An object as a table has it. */
interface Content {
  readonly callflow: CompiledCallflow;
  readonly routes: readonly Route[];
}

interface Entry {
  /** The content that was rejected, as text: a change is tried anew. */
  readonly text: string;
  readonly rejection: Rejection;
  readonly instead: Content | undefined;
}

/**
 * Objects that workers have refused, and what stands in their place. Only what is new can be refused: a callflow whose present content all ready
 * workers have taken is not taken from them because another worker, perhaps of a wrong version, cannot use it.
 */
export class Quarantine {
  readonly #cache: TextCache;
  readonly #entries = new Map<ResourceKey, Entry>();
  /** What objects were before they changed, until all workers have taken the change. */
  readonly #before = new Map<ResourceKey, { serial: number; readonly content: Content | undefined }>();

  constructor(cache: TextCache) {
    this.#cache = cache;
  }

  get rejections(): ReadonlyMap<ResourceKey, Rejection> {
    return new Map([...this.#entries].map(([key, { rejection }]) => [key, rejection]));
  }

  /** The table with what was refused left out, or as it was before. What has changed since is given another try. */
  filter(table: RoutingTable): RoutingTable {
    if (this.#entries.size === 0) return table;
    const contents = contentsOf(table, new Set(this.#entries.keys()));
    for (const [key, { text }] of this.#entries) {
      const content = contents.get(key);
      if (content === undefined || this.#textOf(content) !== text) this.#entries.delete(key);
    }
    if (this.#entries.size === 0) return table;
    return this.#without(table);
  }

  #without(table: RoutingTable): RoutingTable {
    const callflows: RoutingTable['callflows'] = Object.fromEntries(
      Object.entries(table.callflows).flatMap(([key, callflow]) => {
        const entry = this.#entries.get(key as ResourceKey);
        const used = entry === undefined ? callflow : entry.instead?.callflow;
        return used === undefined ? [] : [[key, used] as const];
      }),
    );
    const kept = table.routes.filter((route) => !this.#entries.has(route.callflow));
    const taken = new Set(kept.map(claimOf));
    const back = [...this.#entries.values()].flatMap(({ instead }) => instead?.routes ?? []);
    // A number that has gone to another callflow meanwhile stays there.
    const routes = [...kept, ...back.filter((route) => !taken.has(claimOf(route)))].sort(compareRoutes);
    const next = { ...table, routes, callflows };
    return { ...next, version: finish(hashTable(next, this.#cache)) };
  }

  /** A release was published. `before` is the table that `delta` starts at. */
  published(before: RoutingTable | undefined, { callflows, routes }: TableDelta, serial: number): void {
    const changed = new Set<ResourceKey>([...callflows.set.map((one) => one.key), ...callflows.del]);
    for (const route of [...routes.set, ...routes.del]) changed.add(route.callflow);
    const contents = before === undefined ? new Map<ResourceKey, Content>() : contentsOf(before, changed);
    for (const key of changed) {
      const known = this.#before.get(key);
      if (known === undefined) this.#before.set(key, { serial, content: contents.get(key) });
      else known.serial = serial;
    }
  }

  /** All ready workers have taken the release. */
  settled(serial: number): void {
    for (const [key, one] of this.#before) if (one.serial <= serial) this.#before.delete(key);
  }

  /** A worker refused an object of a release. True: the table must be made anew. `table` is the present one. */
  reject({ key, code, message }: RejectedObject, worker: string, serial: number, table: RoutingTable): boolean {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      const workers = new Set([...known.rejection.workers, worker]);
      this.#entries.set(key, { ...known, rejection: { ...known.rejection, workers } });
      return false;
    }
    const before = this.#before.get(key);
    const content = contentsOf(table, new Set([key])).get(key);
    if (before === undefined || before.serial > serial || content === undefined) return false;
    const rejection: Rejection = {
      key,
      generation: content.callflow.generation,
      code,
      message,
      workers: new Set([worker]),
      kept: before.content?.callflow.generation,
    };
    this.#entries.set(key, { text: this.#textOf(content), rejection, instead: before.content });
    return true;
  }

  /** Lets go what was refused only by workers that are no more. True: the table must be made anew. */
  release(isGone: (worker: string) => boolean): boolean {
    let changed = false;
    for (const [key, { rejection }] of this.#entries) {
      if ([...rejection.workers].every(isGone)) changed = this.#entries.delete(key) || changed;
    }
    return changed;
  }

  #textOf({ callflow, routes }: Content): string {
    return [callflowText(callflow, this.#cache), ...routes.map(routeText)].join('\n');
  }
}

function contentsOf(table: RoutingTable, keys: ReadonlySet<ResourceKey>): Map<ResourceKey, Content> {
  const contents = new Map<ResourceKey, { callflow: CompiledCallflow; routes: Route[] }>();
  for (const key of keys) {
    const callflow = Object.hasOwn(table.callflows, key) ? table.callflows[key] : undefined;
    if (callflow !== undefined) contents.set(key, { callflow, routes: [] });
  }
  for (const route of table.routes) contents.get(route.callflow)?.routes.push(route);
  return contents;
}

/** What two routes cannot both have. */
function claimOf(route: Route): string {
  switch (route.kind) {
    case 'e164':
      return `e164 ${route.number}`;
    case 'extension':
      return `extension ${route.account} ${route.number}`;
    case 'pattern':
      return `pattern ${route.account} ${route.pattern}`;
    case 'no_match':
      return `no_match ${route.account}`;
  }
}
