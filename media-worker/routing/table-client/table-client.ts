import { type Fault, faultOf } from '../../../crds/errors/fault.ts';
import { streamCodes } from '../../../crds/errors/stream.ts';
import { readOperatorMessage } from '../../../crds/read-stream.ts';
import type { RoutingTable, SecretValues } from '../../../crds/routing-table.ts';
import { SHRINK_LIMITS, type ShrinkLimits } from '../../../crds/shrink-guard.ts';
import { type CallflowHealth, type Hello, STREAM_TIMING, type WorkerState } from '../../../crds/stream.ts';
import type { TextCache } from '../../../crds/table-hash.ts';
import { type BackoffLimits, backoff } from '../../../runtime/backoff.ts';
import { type Clock, sleep, type Timer } from '../../../runtime/clock.ts';
import type { Logger } from '../../../runtime/log.ts';
import type { Router } from '../router.ts';
import { Connection, type ConnectionTiming, type Inbound, type StreamCredentials } from './connection.ts';
import { type Outcome, Replica } from './replica.ts';
import { readSnapshotFolder } from './snapshot-folder.ts';
import { readTableFile, TableKeeper } from './table-file.ts';

/** Milliseconds. */
export interface TableClientTiming extends ConnectionTiming {
  readonly backoff: BackoffLimits;
  /** How long a new worker waits for a stream before it takes calls with a stored table. */
  readonly storedAfterMs: number;
  /** State is reported at least so often. */
  readonly reportMs: number;
  /** How often it is looked whether state has changed. */
  readonly lookMs: number;
  /** Between two reports of what web servers did. */
  readonly healthMs: number;
  /** A new table is written to disk after so long, with all that came meanwhile. */
  readonly keepMs: number;
}

export const TABLE_CLIENT_TIMING: TableClientTiming = {
  connectMs: 5_000,
  silenceMs: STREAM_TIMING.silenceMs,
  backoff: { minMs: 250, maxMs: 1_500 },
  storedAfterMs: 5_000,
  reportMs: STREAM_TIMING.heartbeatMs,
  lookMs: 500,
  healthMs: STREAM_TIMING.healthMs,
  keepMs: 1_000,
};

export interface TableClientOptions {
  /** `wss://HOST:PORT/v1/table` of the operators' Service. */
  readonly url: string;
  readonly credentials: () => Promise<StreamCredentials>;
  readonly self: Pick<Hello, 'worker' | 'node' | 'epoch' | 'build' | 'capacity'>;
  /** Puts a table in force, at once; calls in progress keep what they have. */
  readonly use: (router: Router, secrets: SecretValues) => void;
  /** What to report; asked often, so it must be cheap. */
  readonly state: () => WorkerState;
  /** What to report of web servers since the last time; empty: nothing. */
  readonly health?: () => readonly CallflowHealth[];
  /** File for the last good table; none is kept without it. */
  readonly file?: string;
  /** Folder into which the snapshot Secrets are mounted. */
  readonly snapshotFolder?: string;
  readonly shrink?: ShrinkLimits;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  readonly timing?: Partial<TableClientTiming>;
}

/** Messages of one health report; what is left waits for the next. */
const HEALTH_MESSAGES = 40;

/** Where the table in use comes from. */
export type TableOrigin = 'none' | 'file' | 'snapshot' | 'stream';

export interface TableClientFigures {
  readonly connects: number;
  readonly snapshots: number;
  readonly deltas: number;
  readonly refusals: number;
}

/**
 * The worker's end of the table stream. It connects for ever, hands each good table over, and never takes one away: without an operator the last
 * table stays in use. A worker that starts reads the copy on its disk, else the mounted snapshot, and uses it when the operator is not there.
 */
export class TableClient {
  readonly #options: TableClientOptions;
  readonly #timing: TableClientTiming;
  readonly #cache: TextCache = new WeakMap();
  readonly #replica: Replica;
  readonly #stopping = new AbortController();
  readonly #figures = { connects: 0, snapshots: 0, deltas: 0, refusals: 0 };
  #keeper: TableKeeper | undefined;
  #stored: 'file' | 'snapshot' | undefined;
  #origin: TableOrigin = 'none';
  #running: Promise<void> | undefined;
  #connection: Connection | undefined;
  #connected = false;
  #reported: { readonly text: string; readonly at: number } | undefined;
  #looking: Timer | undefined;
  /** When the next report is due. */
  #healthAt = 0;
  #keeping: Timer | undefined;
  #lastFault: string | undefined;
  #confirmedAt: number | undefined;

  constructor(options: TableClientOptions) {
    this.#options = options;
    this.#timing = { ...TABLE_CLIENT_TIMING, ...options.timing };
    this.#replica = new Replica(this.#cache, options.shrink ?? SHRINK_LIMITS);
  }

  /** Version of the table in use. */
  get version(): string | undefined {
    return this.#origin === 'none' ? undefined : this.#replica.table?.version;
  }

  get origin(): TableOrigin {
    return this.#origin;
  }

  /** Whether an operator is there. */
  get connected(): boolean {
    return this.#connected;
  }

  /** Milliseconds since the table came into use, or since an operator last said that it is the one in force. Undefined without a table. */
  get ageMs(): number | undefined {
    return this.#confirmedAt === undefined || this.#origin === 'none'
      ? undefined
      : this.#options.clock.monotonic() - this.#confirmedAt;
  }

  get figures(): TableClientFigures {
    return { ...this.#figures };
  }

  start(): void {
    this.#running ??= this.#run(this.#stopping.signal);
  }

  /** Ends the stream; the table stays in use. Resolves when the copy on disk is written. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#connection?.close(undefined);
    await this.#running;
    if (this.#keeping !== undefined) this.#keep();
    await this.#keeper?.done();
  }

  /** Reports at once, if there is anything new. It is looked now and then anyway. */
  stateChanged(): void {
    const connection = this.#connection;
    if (connection === undefined || !this.#connected) return;
    const state = this.#options.state();
    const text = JSON.stringify(state);
    const now = this.#options.clock.monotonic();
    if (text === this.#reported?.text && now - this.#reported.at < this.#timing.reportMs) return;
    this.#reported = { text, at: now };
    connection.send({ type: 'state', ...state });
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    await this.#loadStored();
    const patience = clock.after(this.#timing.storedAfterMs, () => this.#useStored());
    let failures = 0;
    while (!signal.aborted) {
      const { why, good } = await this.#session(signal);
      if (signal.aborted) break;
      this.#useStored();
      failures = good ? 1 : failures + 1;
      if (why !== undefined) this.#report(why);
      await sleep(clock, backoff(failures, this.#timing.backoff, random), signal);
    }
    patience.cancel();
  }

  async #loadStored(): Promise<void> {
    const { file, snapshotFolder } = this.#options;
    const fromFile = file === undefined ? undefined : await this.#load('file', () => readTableFile(file, this.#cache));
    if (file !== undefined) {
      this.#keeper = new TableKeeper(file, this.#cache, fromFile?.version, (why) => this.#report(why));
    }
    if (fromFile !== undefined || snapshotFolder === undefined) return;
    await this.#load('snapshot', () => readSnapshotFolder(snapshotFolder, this.#cache));
  }

  async #load(
    from: 'file' | 'snapshot',
    read: () => ReturnType<typeof readTableFile>,
  ): Promise<RoutingTable | undefined> {
    const found = await read();
    if (found === undefined) return undefined;
    const problem = found.ok ? this.#replica.seed(found.table) : found.fault;
    if (problem !== undefined) {
      this.#report(problem);
      return undefined;
    }
    this.#stored = from;
    return found.ok ? found.table : undefined;
  }

  /** The stored table, unless another is in use already. */
  #useStored(): void {
    if (this.#origin !== 'none' || this.#stored === undefined || this.#stopping.signal.aborted) return;
    this.#use(this.#stored);
  }

  #use(origin: Exclude<TableOrigin, 'none'>): void {
    const { router, secrets } = this.#replica;
    if (router === undefined) return;
    this.#options.use(router, secrets);
    this.#origin = origin;
    this.#confirmedAt = this.#options.clock.monotonic();
    const fields = { version: router.version, origin, numbers: router.numberCount };
    this.#options.log.info(fields, 'routing table in use');
    if (origin === 'file' || this.#keeper === undefined) return;
    this.#keeping ??= this.#options.clock.after(this.#timing.keepMs, () => this.#keep());
  }

  #keep(): void {
    this.#keeping?.cancel();
    this.#keeping = undefined;
    const { table } = this.#replica;
    if (table !== undefined) this.#keeper?.keep(table);
  }

  /** One connection, from the attempt to its end. `good`: something came over it. */
  async #session(signal: AbortSignal): Promise<{ readonly why: Fault | undefined; readonly good: boolean }> {
    const { url, credentials, clock, self } = this.#options;
    let connection: Connection;
    try {
      connection = new Connection(url, await credentials(), clock, this.#timing);
    } catch (error) {
      return { why: faultOf(error, streamCodes.unreachable), good: false };
    }
    this.#connection = connection;
    if (signal.aborted) connection.close(undefined);
    let good = false;
    try {
      if (!(await connection.opened)) return { why: connection.fault, good };
      this.#figures.connects++;
      const { table, digest } = this.#replica;
      connection.send({ type: 'hello', ...self, version: table?.version ?? null, secrets: digest ?? null });
      this.#connected = true;
      this.#reported = undefined;
      this.#look();
      for (let message = await connection.next(); message !== undefined; message = await connection.next()) {
        const problem = await this.#take(message, connection);
        if (problem !== undefined) {
          connection.close(problem);
          break;
        }
        if (!good) this.#recovered();
        good = true;
      }
    } catch (error) {
      connection.close(faultOf(error, streamCodes.malformed));
    } finally {
      this.#connected = false;
      this.#connection = undefined;
      this.#looking?.cancel();
      this.#replica.interrupted();
    }
    return { why: connection.fault, good };
  }

  #look(): void {
    this.stateChanged();
    this.#reportHealth();
    this.#looking = this.#options.clock.after(this.#timing.lookMs, () => this.#look());
  }

  #reportHealth(): void {
    const now = this.#options.clock.monotonic();
    if (now < this.#healthAt) return;
    this.#healthAt = now + this.#timing.healthMs;
    for (let sent = 0; sent < HEALTH_MESSAGES; sent++) {
      const callflows = this.#options.health?.() ?? [];
      if (callflows.length === 0) return;
      this.#connection?.send({ type: 'health', callflows });
    }
  }

  async #take({ data, isBinary }: Inbound, connection: Connection): Promise<Fault | undefined> {
    if (isBinary) return this.#settle(await this.#replica.takePiece(data), connection);
    const read = readOperatorMessage(data.toString());
    if (!read.ok) return read.fault;
    const { message } = read;
    switch (message?.type) {
      case undefined:
        return undefined;
      case 'heartbeat':
        if (message.version === this.version) this.#confirmedAt = this.#options.clock.monotonic();
        return undefined;
      case 'snapshot':
        this.#figures.snapshots++;
        return this.#settle(await this.#replica.takeSnapshot(message), connection);
      case 'secrets':
        return this.#settle(await this.#replica.takeSecrets(message), connection);
      case 'delta':
        this.#figures.deltas++;
        return this.#settle(await this.#replica.takeDelta(message), connection);
    }
  }

  #settle(outcome: Outcome, connection: Connection): Fault | undefined {
    switch (outcome.kind) {
      case 'more':
        return undefined;
      case 'broken':
        return outcome.fault;
      case 'use':
        if (!this.#stopping.signal.aborted) this.#use('stream');
        connection.send(outcome.reply);
        this.stateChanged();
        return undefined;
      case 'refuse': {
        const { code, message, version, reason } = outcome.reply;
        this.#figures.refusals++;
        this.#options.log.warn({ code, version, reason }, message);
        connection.send(outcome.reply);
        // The operator is there, and what it has is no good: then what is stored.
        if (reason !== 'mismatch') this.#useStored();
        return undefined;
      }
    }
  }

  /** Says the same only once, however often it is tried. */
  #report(why: Fault): void {
    const said = `${why.code} ${why.message}`;
    if (said === this.#lastFault) return;
    this.#lastFault = said;
    this.#options.log.warn({ code: why.code, version: this.version }, why.message);
  }

  #recovered(): void {
    if (this.#lastFault !== undefined) this.#options.log.info({}, 'the operator is there again');
    this.#lastFault = undefined;
  }
}
