import type { AddressInfo } from 'node:net';
import { type Fault, fault, faultOf } from '../../crds/errors/fault.ts';
import { streamCodes } from '../../crds/errors/stream.ts';
import type { ResourceKey, RoutingTable, SecretValues } from '../../crds/routing-table.ts';
import { refuseShrinking, SHRINK_LIMITS, type ShrinkLimits } from '../../crds/shrink-guard.ts';
import { type CallflowHealth, type Nack, STREAM_TIMING } from '../../crds/stream.ts';
import { diffTables } from '../../crds/table-delta.ts';
import type { Clock, Timer } from '../../runtime/clock.ts';
import { Debounce, type DebounceTiming } from './debounce.ts';
import {
  type Placements,
  type Programmed,
  type Progress,
  placeObjects,
  programmedOf,
  progressOf,
} from './programmed.ts';
import { Quarantine, type Rejection } from './quarantine.ts';
import { type Release, ReleaseLog } from './release-log.ts';
import { Slots } from './slots.ts';
import { type Authenticate, StreamServer, type TlsMaterial } from './stream-server.ts';
import { CLOSE, type LinkTiming, WorkerLink } from './worker-link.ts';

/** What is to be served. A `CompileResult` is one. */
export interface Compiled {
  readonly table: RoutingTable;
  readonly secrets: SecretValues;
  /** However many numbers go, it is meant: somebody said so, or each deletion was seen as such. */
  readonly allowShrink?: boolean;
}

/** Where tables come from. */
export interface CompiledSource {
  /** Whether every watch has listed once. Before that nothing is published. */
  readonly synced: boolean;
  /** The present table. Asked once for many changes, so it may be compiled only then. */
  latest(): Compiled;
  /** `changed` is called after `synced` or `latest` has changed. Returns how to end that. */
  subscribe(changed: () => void): () => void;
}

export interface DistributorTiming extends LinkTiming {
  readonly debounce: DebounceTiming;
  /** Between looks at all links. */
  readonly tickMs: number;
  /** After the start of serving: workers of the leader before are on their way, and Programmed waits for them. */
  readonly gatherMs: number;
  /** An object that was refused is tried again so long after the last worker that refused it has gone. */
  readonly forgiveMs: number;
}

export const DISTRIBUTOR_TIMING: DistributorTiming = {
  heartbeatMs: STREAM_TIMING.heartbeatMs,
  silenceMs: STREAM_TIMING.silenceMs,
  ackMs: 30_000,
  retryMs: 30_000,
  debounce: { quietMs: 30, capMs: 250 },
  tickMs: 1_000,
  gatherMs: 3_000,
  forgiveMs: 60_000,
};

/** Snapshots that are on their way at the same time: what the system has not taken yet is in memory, once for each. */
const SNAPSHOTS_AT_ONCE = 32;

export interface DistributorOptions {
  readonly source: CompiledSource;
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  /** Undefined only in tests: tokens and secret values would travel in the clear. */
  readonly tls: TlsMaterial | undefined;
  readonly authenticate: Authenticate;
  /** The last table that a leader published (from the snapshot Secrets): what it has is not dropped by mistake, and not refused by one worker. */
  readonly previous?: RoutingTable;
  readonly shrink?: ShrinkLimits;
  readonly maxWorkers?: number;
  readonly clock: Clock;
  readonly timing?: Partial<DistributorTiming>;
  /** Something of what the getters say may have changed. Called at most once in each turn of the event loop. */
  readonly onChange: () => void;
  /** What a worker saw of web servers. */
  readonly onHealth?: (callflows: readonly CallflowHealth[]) => void;
  /** Something went wrong and is being dealt with. For the log and for events. */
  readonly onFault: (fault: Fault) => void;
}

/** One worker, for the status of the fleet. */
export interface WorkerView {
  readonly name: string;
  readonly node: string;
  readonly build: string;
  readonly epoch: string;
  readonly address: string;
  readonly capacity: number;
  readonly ready: boolean;
  readonly draining: boolean;
  readonly activeCalls: number;
  /** Version of the table that it uses. */
  readonly version: string | undefined;
  /** Why it is not ready, or what it refused. */
  readonly message: string | undefined;
  /** Milliseconds since it last said anything. */
  readonly silentMs: number;
}

/** Counted since the start of the process. */
export interface DistributorFigures {
  readonly releases: number;
  readonly deltas: number;
  readonly snapshots: number;
  readonly heartbeats: number;
  readonly nacks: number;
  /** Connections that were not let in. */
  readonly refused: number;
  /** Connections that were cut: silent, slow, not of the protocol. */
  readonly dropped: number;
}

/**
 * Hands the routing table to all workers and keeps account of which of them has which version. Every replica of the operator has one and lets it
 * follow the source; the leader alone serves (`serve`, `stopServing`), so one process sees all answers.
 */
export class Distributor {
  readonly #options: DistributorOptions;
  readonly #timing: DistributorTiming;
  readonly #log = new ReleaseLog();
  readonly #quarantine = new Quarantine(this.#log.cache);
  readonly #debounce: Debounce;
  readonly #slots = new Slots(SNAPSHOTS_AT_ONCE);
  readonly #links = new Set<WorkerLink>();
  /** By name; only those that have said hello. */
  readonly #workers = new Map<string, WorkerLink>();
  /** When workers that had refused something were last here, by name. */
  readonly #goneAt = new Map<string, number>();
  readonly #unsubscribe: () => void;
  readonly #figures = { releases: 0, deltas: 0, snapshots: 0, heartbeats: 0, nacks: 0, refused: 0, dropped: 0 };
  #placements: Placements = new Map();
  #tls: TlsMaterial | undefined;
  #refusal: Fault | undefined;
  #server: StreamServer | undefined;
  #servingSince = 0;
  #ticker: Timer | undefined;
  #telling = false;
  /** The source has something that has not been looked at. */
  #due = true;

  constructor(options: DistributorOptions) {
    this.#options = options;
    this.#timing = { ...DISTRIBUTOR_TIMING, ...options.timing };
    this.#tls = options.tls;
    this.#debounce = new Debounce(options.clock, this.#timing.debounce, () => this.#publish());
    this.#unsubscribe = options.source.subscribe(() => {
      this.#due = true;
      this.#debounce.touch();
    });
    this.#debounce.touch();
  }

  /** The table in force; undefined before the first. */
  get release(): Pick<Release, 'serial' | 'table' | 'vetted'> | undefined {
    return this.#log.current;
  }

  /** Whether the latest table of the source is about to be published. */
  get publishing(): boolean {
    return this.#due;
  }

  /** Why the latest table is not in force: it would drop too many numbers. */
  get refusal(): Fault | undefined {
    return this.#refusal;
  }

  get rejections(): ReadonlyMap<ResourceKey, Rejection> {
    return this.#quarantine.rejections;
  }

  get workers(): readonly WorkerView[] {
    const now = this.#options.clock.monotonic();
    return [...this.#workers.values()].map((link) => viewOf(link, now));
  }

  get figures(): DistributorFigures {
    return { ...this.#figures };
  }

  /** How far the workers are. The same for all objects: ask once, then `programmed` for each. */
  get progress(): Progress {
    const gathering =
      this.#server === undefined || this.#options.clock.monotonic() - this.#servingSince < this.#timing.gatherMs;
    return progressOf(this.#workers.values(), this.#log.current?.serial ?? 0, gathering);
  }

  /** Whether a generation of an object is in force. Means something only on the leader. */
  programmed(key: ResourceKey, generation: number, progress: Progress = this.progress): Programmed {
    return programmedOf(key, generation, { placements: this.#placements, rejections: this.rejections, progress });
  }

  /** Becomes the one that serves. Rejects if the address cannot be had. */
  async serve(): Promise<AddressInfo> {
    if (this.#server !== undefined) throw new Error('it serves already');
    const { host, port, authenticate, clock, maxWorkers = 5000 } = this.#options;
    const server = new StreamServer({
      host,
      port,
      tls: this.#tls,
      authenticate,
      clock,
      maxConnections: maxWorkers,
      onConnection: (socket, identity, address) => {
        const link = new WorkerLink(
          socket,
          identity.worker,
          address,
          this.#log,
          this.#slots,
          clock,
          this.#timing,
          this.#events,
        );
        this.#links.add(link);
      },
      onRefused: (why, address) => {
        this.#figures.refused++;
        this.#options.onFault({ ...why, message: `${address}: ${why.message}` });
      },
    });
    this.#server = server;
    try {
      const address = await server.listen();
      this.#servingSince = clock.monotonic();
      this.#ticker = clock.after(this.#timing.tickMs, () => this.#tick());
      this.#changed();
      return address;
    } catch (error) {
      this.#server = undefined;
      throw error;
    }
  }

  /** Takes a renewed certificate for the connections to come. */
  setTls(tls: TlsMaterial): void {
    this.#tls = tls;
    this.#server?.setTls(tls);
  }

  /** No longer the one that serves: all workers are told to look for another. */
  async stopServing(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    this.#ticker?.cancel();
    await Promise.all([...this.#links].map((link) => link.close(CLOSE.goingAway, 'this operator no longer leads')));
    await server.close();
    this.#changed();
  }

  /** Ends everything. */
  async close(): Promise<void> {
    this.#unsubscribe();
    this.#debounce.cancel();
    await this.stopServing();
  }

  #publish(): void {
    const { source, previous, shrink = SHRINK_LIMITS } = this.#options;
    if (!source.synced) return;
    this.#due = false;
    let compiled: Compiled;
    try {
      compiled = source.latest();
    } catch (error) {
      // The table in force stays.
      this.#options.onFault(faultOf(error, streamCodes.tableMismatch));
      return;
    }
    const table = this.#quarantine.filter(compiled.table);
    const before = this.#log.current?.table ?? previous;
    const refusal =
      before === undefined || compiled.allowShrink === true ? undefined : refuseShrinking(before, table, shrink);
    if (refusal !== undefined) {
      if (refusal.message !== this.#refusal?.message) this.#options.onFault(refusal);
      this.#refusal = refusal;
      this.#changed();
      return;
    }
    this.#refusal = undefined;
    // Without a table to compare the first one with, nobody knows whether numbers are missing.
    const vetted = compiled.allowShrink === true || (this.#log.current?.vetted ?? previous !== undefined);
    const isFirst = this.#log.current === undefined;
    const step = this.#log.publish(table, compiled.secrets, vetted);
    if (step !== undefined) {
      const { serial } = step.release;
      this.#figures.releases++;
      this.#placements = placeObjects(this.#placements, step.table, serial);
      const delta = isFirst && previous !== undefined ? diffTables(previous, table, this.#log.cache) : step.table;
      this.#quarantine.published(before, delta, serial);
      // Who does not serve hears of no refusals.
      if (this.#server === undefined) this.#quarantine.settled(serial);
    }
    for (const link of this.#links) link.pump();
    this.#changed();
  }

  readonly #events = {
    greeted: (link: WorkerLink) => {
      const other = this.#workers.get(link.name);
      this.#workers.set(link.name, link);
      this.#goneAt.delete(link.name);
      // The old connection of a worker that has connected anew is dead, whether or not anybody has noticed.
      void other?.close(CLOSE.superseded, 'connected anew');
      this.#changed();
    },
    progressed: () => {
      this.#settle();
      this.#changed();
    },
    health: (callflows: readonly CallflowHealth[]) => this.#options.onHealth?.(callflows),
    refused: (link: WorkerLink, nack: Nack) => this.#refusedBy(link, nack),
    ended: (link: WorkerLink, why: Fault | undefined) => {
      this.#links.delete(link);
      if (this.#workers.get(link.name) === link) {
        this.#workers.delete(link.name);
        this.#goneAt.set(link.name, this.#options.clock.monotonic());
      }
      if (why !== undefined) {
        this.#figures.dropped++;
        this.#options.onFault(why);
      }
      this.#settle();
      this.#changed();
    },
    sent: (what: 'delta' | 'snapshot' | 'heartbeat') => {
      this.#figures[`${what}s`]++;
    },
  };

  #refusedBy(link: WorkerLink, nack: Nack): void {
    this.#figures.nacks++;
    this.#options.onFault(
      fault({ ...streamCodes.objectRejected, code: nack.code }, `worker ${link.name}: ${nack.message}`),
    );
    let again = false;
    const table = this.#log.current?.table;
    if (table !== undefined && nack.reason === 'objects') {
      for (const object of nack.objects) {
        again = this.#quarantine.reject(object, link.name, nack.serial, table) || again;
      }
    }
    if (again) this.#debounce.touch();
    this.#changed();
  }

  /** What all ready workers have taken is no longer in question. */
  #settle(): void {
    const progress = progressOf(this.#workers.values(), this.#log.current?.serial ?? 0, false);
    if (progress.kind === 'acked') this.#quarantine.settled(progress.serial);
  }

  #tick(): void {
    const { clock } = this.#options;
    this.#ticker = clock.after(this.#timing.tickMs, () => this.#tick());
    for (const link of this.#links) link.tick();
    const now = clock.monotonic();
    const isLongGone = (name: string): boolean => {
      const goneAt = this.#goneAt.get(name);
      return goneAt !== undefined && now - goneAt >= this.#timing.forgiveMs;
    };
    if (this.#quarantine.release(isLongGone)) this.#debounce.touch();
    for (const name of this.#goneAt.keys()) if (isLongGone(name)) this.#goneAt.delete(name);
    this.#changed();
  }

  #changed(): void {
    if (this.#telling) return;
    this.#telling = true;
    setImmediate(() => {
      this.#telling = false;
      this.#options.onChange();
    });
  }
}

function viewOf(link: WorkerLink, now: number): WorkerView {
  const { node = '', build = '', epoch = '', capacity = 0 } = link.hello ?? {};
  const { ready, draining, activeCalls, reasons } = link.state;
  const problem = link.problem === undefined ? undefined : `${link.problem.code} ${link.problem.message}`;
  return {
    name: link.name,
    node,
    build,
    epoch,
    address: link.address,
    capacity,
    ready,
    draining,
    activeCalls,
    version: link.version,
    message: problem ?? (reasons.length === 0 ? undefined : reasons.join('; ')),
    silentMs: now - link.lastSeenAt,
  };
}
