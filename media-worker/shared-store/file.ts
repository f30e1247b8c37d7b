import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '../../runtime/log.ts';
import { createMemoryStore } from './memory.ts';
import type { SharedStore } from './store.ts';

export interface FileStoreOptions {
  /** Made when there is something to write. */
  readonly path: string;
  /** Keys that are to outlive the process; the others do not. */
  readonly keep: (key: string) => boolean;
  readonly log: Logger;
  /** Epoch milliseconds. Replaceable for tests. */
  readonly now?: () => number;
}

interface Kept {
  readonly value: string;
  /** Epoch milliseconds; undefined: for good. */
  readonly until: number | undefined;
}

/** A store for one process, of which some keys (values, not lists) are on disk too. What was set last may be lost when the process is killed. */
export async function openFileStore({ path, keep, log, now = Date.now }: FileStoreOptions): Promise<SharedStore> {
  const memory = createMemoryStore({ now });
  const kept = new Map<string, Kept>();
  let writing: Promise<void> | undefined;
  let changed = false;

  const write = async (): Promise<void> => {
    while (changed) {
      changed = false;
      for (const [key, { until }] of kept) if (until !== undefined && until <= now()) kept.delete(key);
      const text = JSON.stringify({
        version: 1,
        entries: [...kept].map(([key, { value, until }]) => [key, value, until]),
      });
      try {
        await mkdir(dirname(path), { recursive: true });
        await writeFile(`${path}.new`, text, { mode: 0o600 });
        await rename(`${path}.new`, path);
      } catch (error) {
        log.warn(
          { path, reason: error instanceof Error ? error.message : String(error) },
          'the store cannot be written',
        );
      }
    }
    writing = undefined;
  };
  const note = (key: string, entry: Kept | undefined): void => {
    if (!keep(key)) return;
    if (entry === undefined) kept.delete(key);
    else kept.set(key, entry);
    changed = true;
    writing ??= write();
  };
  const untilOf = (ttlMs: number | undefined): number | undefined => (ttlMs === undefined ? undefined : now() + ttlMs);

  for (const [key, { value, until }] of await read(path, log)) {
    if (!keep(key) || (until !== undefined && until <= now())) continue;
    await memory.set(key, value, until === undefined ? undefined : until - now());
    kept.set(key, { value, until });
  }

  return {
    ...memory,
    async set(key, value, ttlMs) {
      await memory.set(key, value, ttlMs);
      note(key, { value, until: untilOf(ttlMs) });
    },
    async compareAndSet(key, expected, value, ttlMs) {
      const did = await memory.compareAndSet(key, expected, value, ttlMs);
      if (did) note(key, value === undefined ? undefined : { value, until: untilOf(ttlMs) });
      return did;
    },
    async delete(key) {
      await memory.delete(key);
      note(key, undefined);
    },
    async expire(key, ttlMs) {
      const did = await memory.expire(key, ttlMs);
      const entry = kept.get(key);
      if (did && entry !== undefined) note(key, { ...entry, until: untilOf(ttlMs) });
      return did;
    },
    async close() {
      await writing;
      await memory.close();
    },
  };
}

/** What an earlier process has left; nothing where that cannot be read. */
async function read(path: string, log: Logger): Promise<ReadonlyMap<string, Kept>> {
  const found = new Map<string, Kept>();
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return found;
  }
  try {
    const { entries } = JSON.parse(text) as { entries?: unknown };
    for (const entry of Array.isArray(entries) ? entries : []) {
      const [key, value, until] = Array.isArray(entry) ? entry : [];
      if (typeof key !== 'string' || typeof value !== 'string') continue;
      found.set(key, { value, until: typeof until === 'number' ? until : undefined });
    }
  } catch (error) {
    log.warn({ path, reason: error instanceof Error ? error.message : String(error) }, 'the store cannot be read');
  }
  return found;
}
