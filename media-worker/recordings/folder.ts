import { mkdirSync } from 'node:fs';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fault, PivotError } from '../../crds/errors/fault.ts';
import { recordingCodes } from '../../crds/errors/recording.ts';
import { isSid, type RecordingEntry, readEntry } from './entry.ts';

/** The recordings' folder: `SID.wav`, the sound as FreeSWITCH wrote it, and `SID.json`, what is known of it. */
export interface RecordingFolder {
  soundOf(sid: string): string;
  /** Where an mp3 of it is kept once it was made. */
  mp3Of(sid: string): string;
  /** Written to a file of its own and renamed, so that a reader, or a restart, finds the old or the new one. */
  write(entry: RecordingEntry): Promise<void>;
  read(sid: string): Promise<RecordingEntry | undefined>;
  /** Every recording of the folder; `unreadable` names files that are none. */
  all(): Promise<{ readonly entries: readonly RecordingEntry[]; readonly unreadable: readonly string[] }>;
  /** The sound, in every format. */
  removeSound(sid: string): Promise<void>;
  remove(sid: string): Promise<void>;
}

/** Makes the folder. Throws PV-1901. */
export function openFolder(path: string): RecordingFolder {
  try {
    mkdirSync(path, { recursive: true, mode: 0o770 });
  } catch (error) {
    throw unusable(path, error);
  }
  const fileOf = (sid: string, extension: string): string => join(path, `${sid}.${extension}`);
  return {
    soundOf: (sid) => fileOf(sid, 'wav'),
    mp3Of: (sid) => fileOf(sid, 'mp3'),
    async write(entry) {
      const file = fileOf(entry.sid, 'json');
      const part = `${file}.part`;
      try {
        const handle = await open(part, 'w', 0o600);
        try {
          await handle.writeFile(JSON.stringify(entry));
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(part, file);
      } catch (error) {
        throw unusable(path, error);
      }
    },
    async read(sid) {
      if (!isSid(sid)) return undefined;
      const text = await readFile(fileOf(sid, 'json'), 'utf8').catch(() => undefined);
      return text === undefined ? undefined : readEntry(text);
    },
    async all() {
      const entries: RecordingEntry[] = [];
      const unreadable: string[] = [];
      for (const name of await readdir(path)) {
        if (!name.endsWith('.json')) continue;
        const entry = readEntry(await readFile(join(path, name), 'utf8').catch(() => ''));
        if (entry === undefined) unreadable.push(name);
        else entries.push(entry);
      }
      return { entries, unreadable };
    },
    async removeSound(sid) {
      await rm(fileOf(sid, 'wav'), { force: true });
      await rm(fileOf(sid, 'mp3'), { force: true });
    },
    async remove(sid) {
      // What says that it is there goes last.
      await this.removeSound(sid);
      await rm(fileOf(sid, 'json'), { force: true });
    },
  };
}

function unusable(path: string, error: unknown): PivotError {
  const reason = error instanceof Error ? error.message : String(error);
  return new PivotError(fault(recordingCodes.folderUnusable, `${path}: ${reason}`), { cause: error });
}
