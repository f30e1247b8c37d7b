import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fault } from '../../../crds/errors/fault.ts';
import { streamCodes } from '../../../crds/errors/stream.ts';
import { type ReadArchive, readArchive } from '../../../crds/table-archive.ts';
import type { TextCache } from '../../../crds/table-hash.ts';
import { readSnapshotFileName } from '../../../crds/table-pieces.ts';

/** Bytes of a file: a Secret has 1 MiB at most. */
const FILE_BYTES = 1024 * 1024;

/**
 * Reads the table from a folder into which the snapshot Secrets are mounted. The kubelet brings each Secret up to date for itself, so files of
 * two versions may stand side by side: the newest version that is complete counts. Undefined: there is none at all.
 */
export async function readSnapshotFolder(folder: string, cache: TextCache): Promise<ReadArchive | undefined> {
  const refuse = (why: string): ReadArchive => ({
    ok: false,
    fault: fault(streamCodes.copyUnreadable, `${folder}: ${why}`),
  });
  const versions = new Map<string, { count: number; newest: number; readonly names: Map<number, string> }>();
  try {
    for (const name of await readdir(folder)) {
      const file = readSnapshotFileName(name);
      if (file === undefined) continue;
      const { mtimeMs, size } = await stat(join(folder, name));
      if (size > FILE_BYTES) return refuse(`${name} has more than ${FILE_BYTES} bytes`);
      const known = versions.get(file.version) ?? { count: file.count, newest: 0, names: new Map() };
      known.newest = Math.max(known.newest, mtimeMs);
      if (known.count === file.count) known.names.set(file.index, name);
      versions.set(file.version, known);
    }
    if (versions.size === 0) return undefined;
    const complete = [...versions.values()].filter(({ count, names }) => names.size === count);
    let last: ReadArchive = refuse('no version is complete');
    for (const { names } of complete.sort((a, b) => b.newest - a.newest)) {
      const parts = [...names].sort(([a], [b]) => a - b).map(([, name]) => readFile(join(folder, name)));
      last = await readArchive(Buffer.concat(await Promise.all(parts)), cache, folder);
      if (last.ok) return last;
    }
    return last;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return refuse(error instanceof Error ? error.message : String(error));
  }
}
