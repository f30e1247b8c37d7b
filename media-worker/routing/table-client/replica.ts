import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { type Fault, fault } from '../../../crds/errors/fault.ts';
import { streamCodes } from '../../../crds/errors/stream.ts';
import type { RoutingTable, SecretValues } from '../../../crds/routing-table.ts';
import { applySecrets, secretsDigest } from '../../../crds/secret-values.ts';
import { refuseShrinking, type ShrinkLimits } from '../../../crds/shrink-guard.ts';
import {
  type Ack,
  type DeltaMessage,
  type Nack,
  type NackReason,
  type RejectedObject,
  type Secrets,
  type Snapshot,
  STREAM_LIMITS,
} from '../../../crds/stream.ts';
import { applyInSteps } from '../../../crds/table-delta.ts';
import type { TextCache } from '../../../crds/table-hash.ts';
import { TableAssembly } from '../../../crds/table-pieces.ts';
import type { Router } from '../router.ts';
import { buildRouter } from './build-router.ts';

/** What becomes of something that came from the operator. */
export type Outcome =
  /** More belongs to it. */
  | { readonly kind: 'more' }
  | { readonly kind: 'use'; readonly reply: Ack }
  | { readonly kind: 'refuse'; readonly reply: Nack }
  /** Not of the protocol: the connection cannot go on. */
  | { readonly kind: 'broken'; readonly fault: Fault };

interface Incoming {
  readonly header: Snapshot;
  readonly assembly: TableAssembly;
  readonly secrets: Map<string, string>;
  pieces: number;
  secretParts: number;
  tableBytes: number;
  secretsLength: number;
}

/** Longest stretch of work without letting the event loop turn: SIP timers run on it. Milliseconds. */
const SLICE_MS = 5;
const MORE: Outcome = { kind: 'more' };
const decompress = promisify(gunzip);

/** The worker's copy of table and secret values. It goes from one version to another whole or not at all. */
export class Replica {
  readonly #cache: TextCache;
  readonly #shrink: ShrinkLimits;
  #router: Router | undefined;
  #secrets: SecretValues = new Map();
  #digest: string | undefined;
  #incoming: Incoming | undefined;

  constructor(cache: TextCache, shrink: ShrinkLimits) {
    this.#cache = cache;
    this.#shrink = shrink;
  }

  get router(): Router | undefined {
    return this.#router;
  }

  get secrets(): SecretValues {
    return this.#secrets;
  }

  get table(): RoutingTable | undefined {
    return this.#router?.table;
  }

  /** Of the secret values; undefined: none have come from an operator yet. */
  get digest(): string | undefined {
    return this.#digest;
  }

  /** Begins with a stored table, which has no secret values. A fault if it cannot be put to use. */
  seed(table: RoutingTable): Fault | undefined {
    const built = buildRouter(table);
    if (!built.ok) return fault(streamCodes.objectRejected, `the stored table ${table.version}: ${built.message}`);
    this.#router = built.router;
    return undefined;
  }

  /** The connection has ended: what was under way is forgotten. */
  interrupted(): void {
    this.#incoming = undefined;
  }

  async takeSnapshot(header: Snapshot): Promise<Outcome> {
    if (this.#incoming !== undefined) return broken('a snapshot began before the last was complete');
    if (header.pieces === 0 && header.version !== this.table?.version) {
      return refuse(
        header,
        'mismatch',
        fault(streamCodes.tableMismatch, `version ${header.version} is not the one here`),
      );
    }
    const { pieces, secretParts } = header;
    const assembly = new TableAssembly(this.#cache);
    this.#incoming = { header, assembly, secrets: new Map(), pieces, secretParts, tableBytes: 0, secretsLength: 0 };
    return this.#complete(this.#incoming);
  }

  async takePiece(compressed: Buffer): Promise<Outcome> {
    const incoming = this.#incoming;
    if (incoming === undefined || incoming.pieces === 0) return broken('a piece of a table belongs to no snapshot');
    incoming.pieces--;
    let piece: Buffer;
    try {
      piece = await decompress(compressed, { maxOutputLength: STREAM_LIMITS.pieceBytes });
    } catch (error) {
      return broken(`a piece of a table cannot be decompressed: ${error instanceof Error ? error.message : error}`);
    }
    incoming.tableBytes += piece.length;
    if (incoming.tableBytes > STREAM_LIMITS.tableBytes) return broken('the table is too large');
    const problem = incoming.assembly.add(piece.toString());
    return problem === undefined ? this.#complete(incoming) : { kind: 'broken', fault: problem };
  }

  async takeSecrets({ values }: Secrets): Promise<Outcome> {
    const incoming = this.#incoming;
    if (incoming === undefined || incoming.secretParts === 0) return broken('secret values belong to no snapshot');
    incoming.secretParts--;
    for (const [name, value] of values) {
      incoming.secretsLength += name.length + value.length;
      incoming.secrets.set(name, value);
    }
    if (incoming.secretsLength > STREAM_LIMITS.secretsLength) return broken('there are too many secret values');
    return this.#complete(incoming);
  }

  async takeDelta(message: DeltaMessage): Promise<Outcome> {
    const { serial, table: delta, secrets } = message;
    const about = { serial, version: delta.to };
    if (this.#incoming !== undefined) return broken('a delta came before the snapshot was complete');
    const { table } = this;
    if (table === undefined || this.#digest !== secrets.from) {
      return refuse(about, 'mismatch', fault(streamCodes.tableMismatch, 'a change of what is not here'));
    }
    const applied = await inSlices(applyInSteps(table, delta, this.#cache));
    if (!applied.ok) return refuse(about, 'mismatch', applied.fault);
    return this.#use(about, applied.table, applySecrets(this.#secrets, secrets), secrets.to);
  }

  async #complete(incoming: Incoming): Promise<Outcome> {
    const { header, assembly, secrets, pieces, secretParts } = incoming;
    if (pieces > 0 || secretParts > 0) return MORE;
    this.#incoming = undefined;
    if (header.pieces === 0) return this.#use(header, this.table!, secrets, header.secrets);
    const whole = await inSlices(assembly.finish(header.version));
    if ('fault' in whole) return refuse(header, 'mismatch', whole.fault);
    const before = this.table;
    const shrinking =
      before === undefined || header.allowShrink ? undefined : refuseShrinking(before, whole.table, this.#shrink);
    if (shrinking !== undefined) return refuse(header, 'shrink', shrinking);
    return this.#use(header, whole.table, secrets, header.secrets);
  }

  #use(about: About, table: RoutingTable, secrets: SecretValues, digest: string): Outcome {
    if (secretsDigest(secrets) !== digest) {
      return refuse(
        about,
        'mismatch',
        fault(streamCodes.tableMismatch, 'the secret values are not those that were meant'),
      );
    }
    if (this.#router?.table !== table) {
      const built = buildRouter(table);
      if (!built.ok) {
        const [first] = built.objects;
        const message = first === undefined ? built.message : `${first.key}: ${first.message}`;
        return refuse(about, 'objects', fault(streamCodes.objectRejected, message), built.objects);
      }
      this.#router = built.router;
    }
    this.#secrets = secrets;
    this.#digest = digest;
    return { kind: 'use', reply: { type: 'ack', serial: about.serial, version: about.version } };
  }
}

type About = Pick<Ack, 'serial' | 'version'>;

function refuse(about: About, reason: NackReason, why: Fault, objects: readonly RejectedObject[] = []): Outcome {
  const { serial, version } = about;
  const message = why.message.slice(0, STREAM_LIMITS.text);
  return { kind: 'refuse', reply: { type: 'nack', serial, version, reason, code: why.code, message, objects } };
}

function broken(message: string): Outcome {
  return { kind: 'broken', fault: fault(streamCodes.malformed, message) };
}

async function inSlices<T>(steps: Generator<void, T>): Promise<T> {
  let begun = performance.now();
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) return step.value;
    if (performance.now() - begun < SLICE_MS) continue;
    await setImmediate();
    begun = performance.now();
  }
}
