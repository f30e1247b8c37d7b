import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { type Fault, fault } from './errors/fault.ts';
import { streamCodes } from './errors/stream.ts';
import { isMembers, isVersion, parseJson } from './read-table.ts';
import type { RoutingTable } from './routing-table.ts';
import type { TextCache } from './table-hash.ts';
import { TableAssembly, tablePieces } from './table-pieces.ts';

/**
 * A whole table as bytes, for a file or for Secrets: gzip of lines of JSON, the first with the version, each further one a piece. Equal tables give
 * equal bytes. No secret values are in it.
 */
export const ARCHIVE_LIMITS = {
  /** Bytes, compressed. A million numbers have 6 MB. */
  bytes: 64 * 1024 * 1024,
  /** Bytes, uncompressed. */
  textBytes: 384 * 1024 * 1024,
} as const;

const NEWLINE = 10;
const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** Members of gzip may follow one another (RFC 1952, section 2.2), so nothing large is compressed in one go. `level` as in zlib. */
export async function* archiveTable(table: RoutingTable, cache: TextCache, level: number): AsyncGenerator<Buffer> {
  yield await compress(`${JSON.stringify({ version: table.version })}\n`, { level });
  for (const piece of tablePieces(table, cache)) yield await compress(`${piece}\n`, { level });
}

export type ReadArchive =
  | { readonly ok: true; readonly table: RoutingTable }
  | { readonly ok: false; readonly fault: Fault };

/** Whatever the bytes, the outcome is a table whose content has the hash that it names, or a fault that says what is wrong with `what`. */
export async function readArchive(bytes: Buffer, cache: TextCache, what: string): Promise<ReadArchive> {
  const damaged = (why: string): ReadArchive => ({
    ok: false,
    fault: fault(streamCodes.copyUnreadable, `${what}: ${why}`),
  });
  if (bytes.length > ARCHIVE_LIMITS.bytes) return damaged(`more than ${ARCHIVE_LIMITS.bytes} bytes`);
  let text: Buffer;
  try {
    text = await decompress(bytes, { maxOutputLength: ARCHIVE_LIMITS.textBytes });
  } catch (error) {
    return damaged(error instanceof Error ? error.message : String(error));
  }
  const assembly = new TableAssembly(cache);
  let version: string | undefined;
  let from = 0;
  for (let end = text.indexOf(NEWLINE); end >= 0; end = text.indexOf(NEWLINE, from)) {
    const line = text.toString('utf8', from, end);
    from = end + 1;
    if (version === undefined) {
      const head = parseJson(line);
      if (!isMembers(head) || !isVersion(head['version'])) return damaged('it does not begin with a version');
      version = head['version'];
      continue;
    }
    const problem = assembly.add(line);
    if (problem !== undefined) return damaged(problem.message);
    await setImmediate();
  }
  if (version === undefined || from < text.length) return damaged('it is cut off');
  const steps = assembly.finish(version);
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done !== true) await setImmediate();
    else return 'table' in step.value ? { ok: true, table: step.value.table } : damaged(step.value.fault.message);
  }
}
