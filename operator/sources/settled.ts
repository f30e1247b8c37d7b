import { readFile, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type FileState, sameState } from './listing.ts';

/** What was written so lately may be half of what is being written. */
export const SETTLE_MS = 50;
/**
 * Most writers empty a file before they write it anew, and on a busy disk seconds may lie between. Who means a manifest to be gone deletes
 * it; one that stays empty for so long is taken for empty.
 */
const EMPTY_MS = 10_000;
/** A file that is written to all the time is read all the same. */
const LIMIT_MS = 3000;

/**
 * Reads a file when its writer seems to have finished; undefined while it has only been emptied. Rejects, as `readFile` does, when it
 * cannot be read.
 */
export async function readSettled(
  path: string,
  signal: AbortSignal,
): Promise<{ readonly text: string; readonly state: FileState } | undefined> {
  const limit = performance.now() + LIMIT_MS;
  for (;;) {
    const state = await stateOf(path);
    // A time stamp of another machine's clock may lie far in the future: it tells nothing.
    const age = Date.now() - state.mtimeMs;
    const recent = age > -SETTLE_MS;
    if (state.size === 0 && recent && age < EMPTY_MS) return undefined;
    const late = signal.aborted || performance.now() >= limit;
    if (recent && age < SETTLE_MS && !late) {
      await delay(SETTLE_MS - age, undefined, { signal }).catch(() => {});
      continue;
    }
    const text = await readFile(path, 'utf8');
    if (late || sameState(state, await stateOf(path))) return { text, state };
  }
}

async function stateOf(path: string): Promise<FileState> {
  const { mtimeMs, size, ino } = await stat(path);
  return { mtimeMs, size, inode: ino };
}
