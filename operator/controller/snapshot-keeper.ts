import type { Fault } from '../../crds/errors/fault.ts';
import type { RoutingTable } from '../../crds/routing-table.ts';
import { readArchive } from '../../crds/table-archive.ts';
import type { TextCache } from '../../crds/table-hash.ts';
import { readSnapshotFileName } from '../../crds/table-pieces.ts';
import { type BackoffLimits, backoff } from '../../runtime/backoff.ts';
import { type Clock, type Random, sleep } from '../../runtime/clock.ts';
import { SHARDS, snapshotShards } from '../distributor/snapshot-secret.ts';
import type { KubeApi } from '../kube/api.ts';
import { isKubeError } from '../kube/kube-error.ts';
import { type AnyObject, apiVersionOf, isRecord } from '../kube/objects.ts';
import { WorkQueue } from '../kube/work-queue.ts';
import { SECRETS } from './types.ts';

const FIELD_MANAGER = 'pivot-snapshot';
/** Of the Secrets, so that people see whose they are. */
const LABELS = { 'app.kubernetes.io/managed-by': 'pivot-operator', 'pivot.voice/part': 'routing-table' };
/** After a change: what comes meanwhile goes with it. A new worker takes it only if no operator is there. Milliseconds. */
const QUIET_MS = 10_000;
const RETRY: BackoffLimits = { minMs: 500, maxMs: 5_000 };
const TABLE = 'table';

export interface SnapshotKeeperOptions {
  readonly api: Pick<KubeApi, 'get' | 'apply' | 'delete'>;
  readonly namespace: string;
  /** Secrets `PREFIX-0` to `PREFIX-7`. */
  readonly prefix: string;
  /** The table in force; undefined: none yet. */
  readonly table: () => RoutingTable | undefined;
  readonly onFault: (fault: Fault) => void;
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Keeps the routing table in Secrets, for workers that start while no operator is there, and for the next leader, which must not drop most numbers
 * by mistake. Only the leader writes. No secret value is in it.
 */
export class SnapshotKeeper {
  readonly #options: SnapshotKeeperOptions;
  readonly #queue: WorkQueue;
  readonly #cache: TextCache = new WeakMap();
  /** Version that is in the Secrets, as far as it is known. */
  #kept: string | undefined;
  /** How many Secrets may exist. */
  #shards = SHARDS;

  constructor(options: SnapshotKeeperOptions) {
    this.#options = options;
    const { onError, clock, random } = options;
    this.#queue = new WorkQueue({
      process: (_key, signal) => this.#keep(signal),
      concurrency: 1,
      onError,
      clock,
      random,
    });
  }

  /**
   * The table of the leader before, when there is one that can be read. Asks until the API server answers: without this table a mistake that drops
   * most numbers would pass unseen.
   */
  async load(signal: AbortSignal): Promise<RoutingTable | undefined> {
    const { onError, clock, random } = this.#options;
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        return await this.#load(signal);
      } catch (error) {
        if (signal.aborted) break;
        onError(error);
        await sleep(clock, backoff(failures, RETRY, random), signal);
      }
    }
    return undefined;
  }

  async #load(signal: AbortSignal): Promise<RoutingTable | undefined> {
    const parts: Buffer[] = [];
    let version: string | undefined;
    let count = 1;
    for (let index = 0; index < count; index++) {
      const file = await this.#read(index, signal);
      if (file === undefined || (version ?? file.version) !== file.version || file.index !== index) return undefined;
      ({ version, count } = file);
      parts.push(file.bytes);
    }
    const read = await readArchive(Buffer.concat(parts), this.#cache, `Secrets ${this.#options.prefix}-*`);
    if (!read.ok) {
      this.#options.onFault(read.fault);
      return undefined;
    }
    this.#kept = read.table.version;
    this.#shards = count;
    return read.table;
  }

  /** This process leads: it writes from now on. */
  start(): void {
    this.#queue.start();
    this.changed();
  }

  /** The table in force may be another. */
  changed(): void {
    const version = this.#options.table()?.version;
    if (version !== undefined && version !== this.#kept) this.#queue.addAfter(TABLE, QUIET_MS);
  }

  async stop(): Promise<void> {
    await this.#queue.stop();
  }

  async #read(index: number, signal: AbortSignal) {
    const { api, namespace, prefix } = this.#options;
    let secret: AnyObject;
    try {
      secret = await api.get(SECRETS, { namespace, name: `${prefix}-${index}` }, signal);
    } catch (error) {
      if (isKubeError(error, 'notFound')) return undefined;
      throw error;
    }
    const data = isRecord(secret['data']) ? secret['data'] : {};
    for (const [name, value] of Object.entries(data)) {
      const file = readSnapshotFileName(name);
      if (file !== undefined && typeof value === 'string') return { ...file, bytes: Buffer.from(value, 'base64') };
    }
    return undefined;
  }

  async #keep(signal: AbortSignal): Promise<void> {
    const { api, namespace, prefix, table: tableInForce, onFault } = this.#options;
    const table = tableInForce();
    if (table === undefined || table.version === this.#kept) return;
    const cut = await snapshotShards(table, this.#cache);
    if (!cut.ok) {
      this.#kept = table.version; // Said once; the next table may fit.
      onFault(cut.fault);
      return;
    }
    for (const { index, data } of cut.shards) {
      const encoded = Object.entries(data).map(([name, bytes]) => [name, bytes.toString('base64')]);
      const metadata = { namespace, name: `${prefix}-${index}`, labels: LABELS };
      const head = { apiVersion: apiVersionOf(SECRETS), kind: SECRETS.kind, metadata };
      const object = { ...head, type: 'Opaque', data: Object.fromEntries(encoded) };
      await api.apply(SECRETS, object, { fieldManager: FIELD_MANAGER }, signal);
    }
    for (let index = cut.shards.length; index < this.#shards; index++) await this.#remove(`${prefix}-${index}`, signal);
    this.#shards = cut.shards.length;
    this.#kept = table.version;
  }

  async #remove(name: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.api.delete(SECRETS, { namespace: this.#options.namespace, name }, signal);
    } catch (error) {
      if (!isKubeError(error, 'notFound')) throw error;
    }
  }
}
