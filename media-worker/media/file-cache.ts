import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Fault, fault, PivotError } from '../../crds/errors/fault.ts';
import { mediaCodes } from '../../crds/errors/media.ts';
import type { Freshness } from './freshness.ts';

/** What is known of a stored sound beside its samples. */
export interface SoundDetails {
  readonly durationMs: number;
  readonly engine?: string;
  readonly voice?: string;
  /** Said again each time the sound is used. */
  readonly warnings: readonly Fault[];
  /** Of fetched sounds. */
  readonly http?: Freshness & { readonly fetchedAt: number };
}

export interface StoredSound extends SoundDetails {
  /** File name within the folder, and whole path. */
  readonly file: string;
  readonly path: string;
  readonly bytes: number;
}

export interface FileCacheOptions {
  readonly folder: string;
  readonly maxBytes: number;
  readonly report: (fault: Fault) => void;
}

/**
 * Wav files in a folder, each with a JSON file of the same key that describes it and holds its hash. Both are written under another
 * name and renamed, so that a file is whole or not there; a wav's name also holds a part of its hash, so that a changed sound is a new
 * file and FreeSWITCH never sees one change while it plays.
 */
export interface FileCache {
  open(): Promise<void>;
  /** The sound of a key; undefined when there is none, or a damaged one, which is then removed. */
  get(key: string): Promise<StoredSound | undefined>;
  /** Throws a `PivotError` when it cannot be written. */
  put(key: string, wav: Uint8Array, details: SoundDetails): Promise<StoredSound>;
  /** Writes a file that no key leads to; it is removed an hour after its end, or with `close`. */
  once(wav: Uint8Array, details: SoundDetails): Promise<StoredSound>;
  /** Replaces the details of a sound that is there. */
  describe(key: string, details: SoundDetails): Promise<StoredSound | undefined>;
  drop(key: string): Promise<void>;
  readonly bytes: number;
  close(): Promise<void>;
}

interface SoundRecord {
  readonly version: 1;
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly details: SoundDetails;
}

interface Entry extends SoundRecord {
  /** The file's modification time when its hash was last seen to be right. */
  verified: number | undefined;
  used: number;
  touched: number;
}

/** A sound used this lately may still be about to be opened by FreeSWITCH; it is not removed to make room. */
const RECENT_MS = 60_000;
/** How long a file that was replaced stays, for whoever was told of it before. */
const REPLACED_MS = 10 * 60_000;
const ONCE_MS = 3600_000;
/** Files that belong to nothing are removed when they are this old: another process may be about to use a younger one. */
const ORPHAN_MS = 3600_000;
const TOUCH_EVERY_MS = 60_000;

export function createFileCache(options: FileCacheOptions): FileCache {
  const folder = resolve(options.folder);
  /** Least recently used first. */
  const entries = new Map<string, Entry>();
  const temporary = new Map<string, NodeJS.Timeout>();
  let bytes = 0;

  const notStored = (error: unknown): PivotError => {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return new PivotError(fault(mediaCodes.notStored, `cannot write to ${folder}: ${why}`), { cause: error });
  };
  const remove = (file: string): Promise<void> => unlink(join(folder, file)).catch(() => {});
  const removeLater = (file: string, afterMs: number): void => {
    clearTimeout(temporary.get(file));
    const timer = setTimeout(() => {
      temporary.delete(file);
      void remove(file);
    }, afterMs).unref();
    temporary.set(file, timer);
  };
  const write = async (file: string, content: Uint8Array | string): Promise<void> => {
    const draft = join(folder, `.${file}.${randomUUID()}`);
    try {
      await writeFile(draft, content);
      await rename(draft, join(folder, file));
    } catch (error) {
      await unlink(draft).catch(() => {});
      throw notStored(error);
    }
  };
  const use = (key: string, entry: Entry): void => {
    entry.used = Date.now();
    entries.delete(key);
    entries.set(key, entry);
    if (entry.used - entry.touched > TOUCH_EVERY_MS) {
      // The order survives a restart by the descriptions' times.
      entry.touched = entry.used;
      void utimes(join(folder, `${key}.json`), new Date(), new Date()).catch(() => {});
    }
  };
  const forget = (key: string): Entry | undefined => {
    const entry = entries.get(key);
    if (entry !== undefined) {
      entries.delete(key);
      bytes -= entry.bytes;
    }
    return entry;
  };
  const makeRoom = async (): Promise<void> => {
    for (const [key, entry] of entries) {
      if (bytes <= options.maxBytes || Date.now() - entry.used < RECENT_MS) return;
      forget(key);
      await Promise.all([remove(`${key}.json`), remove(entry.file)]);
    }
  };
  const stored = ({ file, bytes: size, details }: SoundRecord): StoredSound => ({
    ...details,
    file,
    path: join(folder, file),
    bytes: size,
  });

  async function load(): Promise<void> {
    const names = await readdir(folder);
    const found: { key: string; entry: Entry }[] = [];
    const owned = new Set<string>();
    for (const name of names.filter((each) => each.endsWith('.json') && !each.startsWith('.'))) {
      const key = name.slice(0, -'.json'.length);
      const path = join(folder, name);
      const record = parseRecord(await readFile(path, 'utf8').catch(() => ''));
      const time = (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
      if (record === undefined || !record.file.startsWith(`${key}-`)) {
        options.report(fault(mediaCodes.damagedCopy, `${path} cannot be read`));
        await remove(name);
        continue;
      }
      owned.add(name).add(record.file);
      found.push({ key, entry: { ...record, verified: undefined, used: time, touched: time } });
    }
    for (const { key, entry } of found.sort((a, b) => a.entry.used - b.entry.used)) {
      if (entries.has(key)) continue;
      entries.set(key, entry);
      bytes += entry.bytes;
    }
    for (const name of names) {
      if (owned.has(name) || !/\.(wav|json)/.test(name)) continue;
      const time = (await stat(join(folder, name)).catch(() => undefined))?.mtimeMs;
      if (time !== undefined && Date.now() - time > ORPHAN_MS) await remove(name);
    }
    await makeRoom();
  }

  return {
    async open() {
      try {
        await mkdir(folder, { recursive: true });
        await load();
      } catch (error) {
        throw error instanceof PivotError ? error : notStored(error);
      }
    },
    async get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      const path = join(folder, entry.file);
      const damaged = async (why: string): Promise<undefined> => {
        if (entries.get(key) !== entry) return undefined;
        options.report(fault(mediaCodes.damagedCopy, `${path} ${why}; it is made again`));
        forget(key);
        await Promise.all([remove(`${key}.json`), remove(entry.file)]);
        return undefined;
      };
      const found = await stat(path).catch(() => undefined);
      if (found === undefined) return damaged('is gone');
      if (found.size !== entry.bytes) return damaged(`has ${found.size} bytes instead of ${entry.bytes}`);
      if (entry.verified !== found.mtimeMs) {
        if (sha256(await readFile(path).catch(() => Buffer.alloc(0))) !== entry.sha256) return damaged('was changed');
        entry.verified = found.mtimeMs;
      }
      if (entries.get(key) === entry) use(key, entry);
      return stored(entry);
    },
    async put(key, wav, details) {
      const hash = sha256(wav);
      const file = `${key}-${hash.slice(0, 12)}.wav`;
      const record: SoundRecord = { version: 1, file, bytes: wav.length, sha256: hash, details };
      await write(file, wav);
      await write(`${key}.json`, JSON.stringify(record));
      const before = forget(key);
      if (before !== undefined && before.file !== file) removeLater(before.file, REPLACED_MS);
      clearTimeout(temporary.get(file));
      temporary.delete(file);
      const now = Date.now();
      entries.set(key, { ...record, verified: undefined, used: now, touched: now });
      bytes += wav.length;
      await makeRoom();
      return stored(record);
    },
    async once(wav, details) {
      const file = `once-${randomUUID()}.wav`;
      await write(file, wav);
      removeLater(file, details.durationMs + ONCE_MS);
      return stored({ version: 1, file, bytes: wav.length, sha256: '', details });
    },
    async describe(key, details) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      const { file, bytes: size, sha256: hash, verified, used } = entry;
      const record: SoundRecord = { version: 1, file, bytes: size, sha256: hash, details };
      await write(`${key}.json`, JSON.stringify(record));
      if (entries.get(key) === entry) entries.set(key, { ...record, verified, used, touched: Date.now() });
      return stored(record);
    },
    async drop(key) {
      const entry = forget(key);
      if (entry === undefined) return;
      await remove(`${key}.json`);
      removeLater(entry.file, REPLACED_MS);
    },
    get bytes() {
      return bytes;
    },
    async close() {
      const files = [...temporary.keys()];
      for (const timer of temporary.values()) clearTimeout(timer);
      temporary.clear();
      await Promise.all(files.map(remove));
    },
  };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Checks what is used; a file of another version, or damaged, counts as none. */
function parseRecord(text: string): SoundRecord | undefined {
  try {
    const { version, file, bytes, sha256: hash, details } = JSON.parse(text) as Partial<SoundRecord>;
    const good =
      version === 1 &&
      typeof file === 'string' &&
      /^[\w-]+\.wav$/.test(file) &&
      typeof bytes === 'number' &&
      typeof hash === 'string' &&
      typeof details === 'object' &&
      typeof details.durationMs === 'number' &&
      Array.isArray(details.warnings);
    return good ? { version, file, bytes, sha256: hash, details } : undefined;
  } catch {
    return undefined;
  }
}
