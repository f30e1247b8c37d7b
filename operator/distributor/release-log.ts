import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { RoutingTable, SecretValues } from '../../crds/routing-table.ts';
import { diffSecrets, mergeSecrets, type SecretsDelta, secretsDigest } from '../../crds/secret-values.ts';
import { type DeltaMessage, type Secrets, STREAM_LIMITS } from '../../crds/stream.ts';
import { diffTables, mergeDeltas, type TableDelta } from '../../crds/table-delta.ts';
import type { TextCache } from '../../crds/table-hash.ts';
import { tablePieces } from '../../crds/table-pieces.ts';

/** One table that was published, with its secret values. */
export interface Release {
  /** Counts from 1 in each process. */
  readonly serial: number;
  readonly table: RoutingTable;
  readonly secrets: SecretValues;
  readonly digest: string;
  /** Whether it is known that no number went by mistake: workers take it however many they lose. */
  readonly vetted: boolean;
}

/** From the release before to this one. */
export interface Step {
  readonly release: Pick<Release, 'serial' | 'digest'> & { readonly version: string };
  readonly table: TableDelta;
  readonly secrets: SecretsDelta;
}

/** What a worker gets that has nothing, or nothing that is known here. Made once and sent to all. */
export interface SnapshotParts {
  readonly pieces: readonly Buffer[];
  readonly secretParts: readonly Buffer[];
}

/** Deltas that are kept. A worker that is further behind gets a snapshot. */
export const KEPT_DELTAS = 256;
/** Characters of secret values in one message, give or take one value. */
const SECRETS_LENGTH = 256 * 1024;

const compress = promisify(gzip);

/** The releases: the present one whole, of the last ones what they changed. */
export class ReleaseLog {
  readonly cache: TextCache = new WeakMap();
  readonly #steps: Step[] = [];
  /** Made for the present release: deltas by where they start, and the snapshot. */
  #deltas = new Map<number, Buffer | undefined>();
  #snapshot: Promise<SnapshotParts> | undefined;
  #current: Release | undefined;

  get current(): Release | undefined {
    return this.#current;
  }

  /** Makes a table the present one. Undefined: it is that already. */
  publish(table: RoutingTable, secrets: SecretValues, vetted: boolean): Step | undefined {
    const before = this.#current;
    const changed = diffSecrets(before?.secrets ?? new Map(), secrets);
    const sameSecrets = before !== undefined && changed.set.length === 0 && changed.del.length === 0;
    if (sameSecrets && before.table.version === table.version) {
      if (vetted && !before.vetted) this.#current = { ...before, vetted };
      return undefined;
    }
    const digest = sameSecrets ? before.digest : secretsDigest(secrets);
    const serial = (before?.serial ?? 0) + 1;
    const step: Step = {
      release: { serial, digest, version: table.version },
      table: diffTables(before?.table ?? EMPTY, table, this.cache),
      secrets: { from: before?.digest ?? '', to: digest, ...changed },
    };
    this.#current = { serial, table, secrets, digest, vetted };
    this.#deltas = new Map();
    this.#snapshot = undefined;
    this.#steps.push(step);
    // The first step starts at nothing, which no worker has; it is there to be found by `serialOf`.
    if (this.#steps.length > KEPT_DELTAS + 1) this.#steps.shift();
    return step;
  }

  /** The last release with this content, if a delta leads on from there. */
  serialOf(version: string, digest: string): number | undefined {
    return this.#steps.findLast(({ release }) => release.version === version && release.digest === digest)?.release
      .serial;
  }

  /** The message that leads from a release to the present one; undefined: send a snapshot. */
  deltaSince(serial: number): Buffer | undefined {
    if (!this.#deltas.has(serial)) this.#deltas.set(serial, this.#makeDelta(serial));
    return this.#deltas.get(serial);
  }

  #makeDelta(serial: number): Buffer | undefined {
    const first = this.#steps.findIndex(({ release }) => release.serial === serial);
    const steps = first < 0 ? [] : this.#steps.slice(first + 1);
    if (steps.length === 0 || this.#current === undefined) return undefined;
    const message: DeltaMessage = {
      type: 'delta',
      serial: this.#current.serial,
      table: steps.length === 1 ? steps[0]!.table : mergeDeltas(steps.map((step) => step.table)),
      secrets: steps.length === 1 ? steps[0]!.secrets : mergeSecrets(steps.map((step) => step.secrets)),
    };
    const bytes = Buffer.from(JSON.stringify(message));
    return bytes.length <= STREAM_LIMITS.deltaBytes ? bytes : undefined;
  }

  /** The whole of the present release, which must be there. */
  snapshot(): Promise<SnapshotParts> {
    this.#snapshot ??= makeSnapshot(this.#current!, this.cache);
    return this.#snapshot;
  }
}

const EMPTY: RoutingTable = { version: '', defaultAccount: '', realms: {}, routes: [], callflows: {} };

async function makeSnapshot({ table, secrets }: Release, cache: TextCache): Promise<SnapshotParts> {
  const pieces: Buffer[] = [];
  for (const piece of tablePieces(table, cache)) pieces.push(await compress(piece));
  const secretParts: Buffer[] = [];
  // Not compressed: how short they become together would tell something about them.
  for (const values of cut(secrets)) {
    const message: Secrets = { type: 'secrets', values };
    secretParts.push(Buffer.from(JSON.stringify(message)));
    await setImmediate();
  }
  return { pieces, secretParts };
}

function* cut(secrets: SecretValues): Generator<(readonly [string, string])[]> {
  let part: (readonly [string, string])[] = [];
  let length = 0;
  for (const [name, value] of secrets) {
    if (length + value.length > SECRETS_LENGTH && part.length > 0) {
      yield part;
      part = [];
      length = 0;
    }
    part.push([name, value]);
    length += name.length + value.length;
  }
  if (part.length > 0) yield part;
}
