import { open, readFile, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Fault, fault } from '../../../crds/errors/fault.ts';
import { streamCodes } from '../../../crds/errors/stream.ts';
import type { RoutingTable } from '../../../crds/routing-table.ts';
import { ARCHIVE_LIMITS, archiveTable, type ReadArchive, readArchive } from '../../../crds/table-archive.ts';
import type { TextCache } from '../../../crds/table-hash.ts';

/** Reads the table that `writeTableFile` has left. Undefined: there is none. */
export async function readTableFile(path: string, cache: TextCache): Promise<ReadArchive | undefined> {
  let bytes: Buffer;
  try {
    const { size } = await stat(path);
    if (size > ARCHIVE_LIMITS.bytes) throw new Error(`it has ${size} bytes`);
    bytes = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return { ok: false, fault: fault(streamCodes.copyUnreadable, `${path}: ${messageOf(error)}`) };
  }
  return readArchive(bytes, cache, path);
}

/** Puts a table into a file so that whoever reads it, after whatever crash, finds the old one or the new one whole. */
export async function writeTableFile(path: string, table: RoutingTable, cache: TextCache): Promise<void> {
  // One name, and no other process writes here: what a kill has left behind is written over.
  const draft = `${path}.new`;
  const file = await open(draft, 'w', 0o600);
  try {
    for await (const part of archiveTable(table, cache, 1)) await file.appendFile(part);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  // The name is only then safe on disk when its folder is.
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Keeps the last table on disk: one write at a time, and of several that wait only the latest. */
export class TableKeeper {
  readonly #path: string;
  readonly #cache: TextCache;
  readonly #onFault: (fault: Fault) => void;
  #next: RoutingTable | undefined;
  #kept: string | undefined;
  #writing: Promise<void> | undefined;

  /** `kept`: version of the table that the file has now. */
  constructor(path: string, cache: TextCache, kept: string | undefined, onFault: (fault: Fault) => void) {
    this.#path = path;
    this.#cache = cache;
    this.#kept = kept;
    this.#onFault = onFault;
  }

  keep(table: RoutingTable): void {
    this.#next = table;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Resolves when nothing waits to be written. */
  async done(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    for (let table = this.#next; table !== undefined; table = this.#next) {
      this.#next = undefined;
      if (table.version === this.#kept) continue;
      try {
        await writeTableFile(this.#path, table, this.#cache);
        this.#kept = table.version;
      } catch (error) {
        this.#onFault(fault(streamCodes.copyUnwritable, `${this.#path}: ${messageOf(error)}`));
      }
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
