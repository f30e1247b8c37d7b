import { readFile, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type FileState, sameState } from './listing.ts';

/** What was written so lately may be half of what is being written: most writers empty a file first. */
export const SETTLE_MS = 50;
/** A file that was emptied and stays so for as long is meant to be empty. */
const EMPTY_SETTLE_MS = 1000;
/** A file that is written to all the time is read all the same. */
const LIMIT_MS = 3000;

/** Reads a file when its writer seems to have finished. Rejects, as `readFile` does, when it cannot be read. */
export async function readSettled(
  path: string,
  signal: AbortSignal,
): Promise<{ readonly text: string; readonly state: FileState }> {
  const limit = performance.now() + LIMIT_MS;
  for (;;) {
    const state = await stateOf(path);
    const wait = unsettledFor(state, Date.now());
    const late = signal.aborted || performance.now() >= limit;
    if (wait > 0 && !late) {
      await delay(wait, undefined, { signal }).catch(() => {});
      continue;
    }
    const text = await readFile(path, 'utf8');
    if (late || sameState(state, await stateOf(path))) return { text, state };
  }
}

/** Milliseconds until a file may be read. A time stamp of another machine's clock may lie far in the future: it tells nothing. */
function unsettledFor({ mtimeMs, size }: FileState, now: number): number {
  const needed = size === 0 ? EMPTY_SETTLE_MS : SETTLE_MS;
  const age = now - mtimeMs;
  return age > -SETTLE_MS && age < needed ? needed - age : 0;
}

async function stateOf(path: string): Promise<FileState> {
  const { mtimeMs, size, ino } = await stat(path);
  return { mtimeMs, size, inode: ino };
}
