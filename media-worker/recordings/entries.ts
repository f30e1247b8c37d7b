import type { RecordingEntry } from './entry.ts';
import type { RecordingFolder } from './folder.ts';

/** The entries with which something is still to be done, in memory and on the disk alike. Changes of one entry happen one after the other. */
export class Entries {
  readonly #folder: RecordingFolder;
  readonly #entries = new Map<string, RecordingEntry>();
  readonly #writing = new Map<string, Promise<void>>();

  constructor(folder: RecordingFolder) {
    this.#folder = folder;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(sid: string): RecordingEntry | undefined {
    return this.#entries.get(sid);
  }

  /** Takes an entry and writes it down. */
  async add(entry: RecordingEntry): Promise<void> {
    this.#entries.set(entry.sid, entry);
    try {
      await this.#write(entry.sid);
    } catch (error) {
      this.#entries.delete(entry.sid);
      throw error;
    }
  }

  /** An entry that was found on the disk. */
  found(entry: RecordingEntry): void {
    this.#entries.set(entry.sid, entry);
  }

  /** Resolves with the changed entry once it is on the disk. */
  async change(sid: string, change: (entry: RecordingEntry) => RecordingEntry): Promise<RecordingEntry> {
    const entry = this.#entries.get(sid);
    if (entry === undefined) throw new Error(`there is no recording ${sid}`);
    const changed = change(entry);
    this.#entries.set(sid, changed);
    await this.#write(sid);
    return changed;
  }

  /** Nothing is left to be done with it at present: what is stored elsewhere, or is nothing, goes; the rest stays on the disk alone. */
  async rest(sid: string): Promise<void> {
    const entry = this.#entries.get(sid);
    if (entry === undefined || entry.state === 'recording' || entry.toTell.length > 0) return;
    this.#entries.delete(sid);
    await this.#writing.get(sid)?.catch(() => {});
    const keptHere = entry.keptHere && entry.durationMs !== undefined;
    if (!keptHere && entry.uploadGivenUp !== true) await this.#folder.remove(sid);
  }

  #write(sid: string): Promise<void> {
    const before = this.#writing.get(sid) ?? Promise.resolve();
    const write = before
      .catch(() => {})
      .then(async () => {
        // What is there when its turn has come: several changes are one write.
        const entry = this.#entries.get(sid);
        if (entry !== undefined) await this.#folder.write(entry);
      })
      .finally(() => {
        if (this.#writing.get(sid) === write) this.#writing.delete(sid);
      });
    this.#writing.set(sid, write);
    return write;
  }
}
