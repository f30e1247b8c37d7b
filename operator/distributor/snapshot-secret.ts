import { type Fault, fault } from '../../crds/errors/fault.ts';
import { streamCodes } from '../../crds/errors/stream.ts';
import type { RoutingTable } from '../../crds/routing-table.ts';
import { archiveTable } from '../../crds/table-archive.ts';
import type { TextCache } from '../../crds/table-hash.ts';
import { snapshotFileName } from '../../crds/table-pieces.ts';

/** Bytes of a Secret's data: etcd takes 1.5 MiB, base64 adds a third, and a Secret may have 1 MiB before that. */
export const SHARD_BYTES = 900 * 1024;
/** Secrets that workers mount. A million numbers fill seven. */
export const SHARDS = 8;

/** Data of one Secret: file name to content (to be written in base64). */
export interface Shard {
  /** For the Secret's name: `pivot-table-INDEX`. */
  readonly index: number;
  readonly data: Readonly<Record<string, Buffer>>;
}

export type Shards =
  | { readonly ok: true; readonly shards: readonly Shard[] }
  | { readonly ok: false; readonly fault: Fault };

/**
 * The table for workers that start while no operator is there: its archive, cut to the size of Secrets. Equal tables give equal shards. File names
 * hold version, place and count, so that a reader can tell a mixture of two versions.
 */
export async function snapshotShards(
  table: RoutingTable,
  cache: TextCache,
  limits = { bytes: SHARD_BYTES, shards: SHARDS },
): Promise<Shards> {
  const parts: Buffer[] = [];
  for await (const part of archiveTable(table, cache, 9)) parts.push(part);
  const whole = Buffer.concat(parts);
  const count = Math.ceil(whole.length / limits.bytes);
  if (count > limits.shards) {
    const message = `version ${table.version} has ${whole.length} bytes compressed: ${count} Secrets, and workers mount ${limits.shards}`;
    return { ok: false, fault: fault(streamCodes.snapshotTooLarge, message) };
  }
  const shards = Array.from({ length: count }, (_, index): Shard => {
    const part = whole.subarray(index * limits.bytes, (index + 1) * limits.bytes);
    return { index, data: { [snapshotFileName(table.version, index, count)]: part } };
  });
  return { ok: true, shards };
}
