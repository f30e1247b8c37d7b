import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import { manifestCodes } from '../../crds/errors/manifest.ts';

/** What tells that a file has changed. An editor's atomic rename changes the inode, a write within one clock tick the size at least. */
export interface FileState {
  readonly mtimeMs: number;
  readonly size: number;
  readonly inode: number;
}

export function sameState(a: FileState, b: FileState): boolean {
  return a.mtimeMs === b.mtimeMs && a.size === b.size && a.inode === b.inode;
}

/** Folders that nobody means: those of package managers and version control. */
const SKIPPED_FOLDERS: ReadonlySet<string> = new Set(['node_modules', '.git']);
/**
 * Kubernetes mounts a ConfigMap as links into `..data`, itself a link to the folder of one version: the links beside them are the files
 * that are meant.
 */
const KUBELET_NAMES = /^\.\./;
const FOLDER_DEPTH = 16;

export interface Listing {
  /** By path, sorted within each given path; a path given twice counts once. */
  readonly files: ReadonlyMap<string, FileState>;
  readonly faults: readonly Fault[];
}

export const MANIFEST_NAME = /\.ya?ml$/i;

/** The files at the paths: those in folders whose names fit. A file that is named itself is taken whatever its name. */
export async function listFiles(paths: readonly string[], names = MANIFEST_NAME): Promise<Listing> {
  const files = new Map<string, FileState>();
  const faults: Fault[] = [];
  /** Links may lead round in circles, and to one folder in many ways. */
  const seen = new Set<string>();
  const add = (path: string, stats: Stats): void => {
    files.set(path, { mtimeMs: stats.mtimeMs, size: stats.size, inode: stats.ino });
  };
  for (const path of paths) {
    try {
      const stats = await stat(path);
      if (stats.isDirectory()) await listFolder(path, stats, 0);
      else add(path, stats);
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      const reason = missing
        ? 'there is no such file or folder'
        : error instanceof Error
          ? error.message
          : String(error);
      faults.push(fault(manifestCodes.fileUnreadable, reason, { file: path }));
    }
  }
  return { files, faults };

  async function listFolder(folder: string, { dev, ino }: Stats, depth: number): Promise<void> {
    const identity = `${dev}:${ino}`;
    if (seen.has(identity)) return;
    seen.add(identity);
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      if (SKIPPED_FOLDERS.has(entry.name) || KUBELET_NAMES.test(entry.name)) continue;
      // `stat` follows links. What vanishes meanwhile is simply not there.
      const stats = await stat(path).catch(() => undefined);
      if (stats?.isDirectory()) {
        if (depth < FOLDER_DEPTH) await listFolder(path, stats, depth + 1).catch(() => {});
      } else if (stats?.isFile() && names.test(entry.name)) add(path, stats);
    }
  }
}
