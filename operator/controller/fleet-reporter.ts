import { formatFault } from '../../crds/errors/fault.ts';
import type { PivotFleet, PivotFleetStatus } from '../../crds/resources.ts';
import type { Clock, Random, Timer } from '../../runtime/clock.ts';
import type { Distributor, WorkerView } from '../distributor/distributor.ts';
import type { KubeApi } from '../kube/api.ts';
import { type StatedCondition, truncateMessage } from '../kube/conditions.ts';
import { type StatusFigures, StatusWriter } from '../kube/status-writer.ts';
import { type Declared, plainObject } from './declared.ts';
import { FLEETS } from './types.ts';

const FIELD_MANAGER = 'pivot-operator';
/** Workers come, go and take tables: at most so often it is written. */
const RATE = { perSecond: 1, burst: 2 };
/** What changes with every call is written so often. Milliseconds. */
const CALLS_MS = 10_000;
/** Workers that are listed, and characters of their messages: as the resource allows. */
const LISTED = 1000;
const MESSAGE_LENGTH = 1024;

export interface FleetReporterOptions {
  readonly api: Pick<KubeApi, 'apply'>;
  /** The PivotFleet that counts, as it is known. */
  readonly fleet: () => Declared<PivotFleet> | undefined;
  readonly distributor: Pick<Distributor, 'workers' | 'release' | 'refusal' | 'progress'>;
  /** The present state of the fleet may not be in the table yet. */
  readonly publishing: () => boolean;
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
  readonly random: Random;
}

/** Writes what the workers do into the status of the PivotFleet, while this process leads. */
export class FleetReporter {
  readonly #options: FleetReporterOptions;
  readonly #writer: StatusWriter;
  /** What was stated last, without what changes with every call; and when. */
  #print = '';
  #statedAt = Number.NEGATIVE_INFINITY;
  #later: Timer | undefined;
  #leads = false;

  constructor(options: FleetReporterOptions) {
    this.#options = options;
    const { api, fleet, onError, clock, random } = options;
    this.#writer = new StatusWriter({
      api,
      type: FLEETS,
      fieldManager: FIELD_MANAGER,
      read: (name) => {
        const known = fleet();
        return known === undefined || known.metadata.name !== name ? undefined : plainObject(known);
      },
      onError,
      clock,
      random,
      rate: RATE,
      concurrency: 1,
    });
  }

  get figures(): StatusFigures {
    return this.#writer.figures;
  }

  start(): void {
    this.#leads = true;
    this.#writer.start();
    this.changed();
  }

  /** Something of fleet or workers may have changed. */
  changed(): void {
    const { fleet, distributor, publishing, clock } = this.#options;
    const object = fleet();
    if (!this.#leads || object === undefined) return;
    const status = fleetStatus(object, distributor, publishing());
    const print = `${object.metadata.uid} ${JSON.stringify({ ...status, counts: { ...status.counts, calls: 0 }, workers: status.workers?.map((one) => ({ ...one, calls: 0 })) })}`;
    const wait = print === this.#print ? this.#statedAt + CALLS_MS - clock.monotonic() : 0;
    if (wait > 0) {
      this.#later ??= clock.after(wait, () => {
        this.#later = undefined;
        this.changed();
      });
      return;
    }
    this.#print = print;
    this.#statedAt = clock.monotonic();
    this.#writer.set(object.metadata.name, { ...status }, object.metadata.uid);
  }

  async stop(): Promise<void> {
    this.#leads = false;
    this.#later?.cancel();
    await this.#writer.stop();
  }
}

/** The whole status of a PivotFleet. */
export function fleetStatus(
  { metadata, faults }: Pick<Declared<PivotFleet>, 'metadata' | 'faults'>,
  { workers, release, refusal, progress }: FleetReporterOptions['distributor'],
  publishing: boolean,
): Omit<PivotFleetStatus, 'conditions'> & { readonly conditions: readonly StatedCondition[] } {
  const { generation: observedGeneration = 0 } = metadata;
  const stated = (
    type: string,
    status: StatedCondition['status'],
    reason: string,
    message: string,
  ): StatedCondition => ({
    type,
    status,
    reason,
    message: truncateMessage(message, MESSAGE_LENGTH),
    observedGeneration,
  });
  return {
    observedGeneration,
    conditions: [accepted(), programmed()],
    ...(release === undefined ? {} : { table: tableOf(release.table) }),
    counts: {
      workers: workers.length,
      ready: count((one) => one.ready && !one.draining),
      draining: count((one) => one.draining),
      calls: workers.reduce((sum, one) => sum + one.activeCalls, 0),
    },
    workers: [...workers]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .slice(0, LISTED)
      .map(listed),
  };

  function count(fits: (worker: WorkerView) => boolean): number {
    return workers.filter(fits).length;
  }

  function accepted(): StatedCondition {
    return faults.length === 0
      ? stated('Accepted', 'True', 'Accepted', 'The fleet is valid and counts')
      : stated('Accepted', 'False', 'InvalidFleet', faults.map(formatFault).join('; '));
  }

  function programmed(): StatedCondition {
    if (publishing) return stated('Programmed', 'Unknown', 'Pending', 'The routing table is being made');
    if (refusal !== undefined) return stated('Programmed', 'False', 'TableRefused', formatFault(refusal));
    if (progress.kind === 'gathering') {
      return stated('Programmed', 'Unknown', 'Pending', 'Waiting for media workers to connect');
    }
    if (progress.kind === 'noWorkers') return stated('Programmed', 'False', 'NoWorkers', 'No media worker is ready');
    const { waiting } = progress;
    return waiting.length === 0
      ? stated('Programmed', 'True', 'Programmed', 'Every ready media worker has the present routing table')
      : stated('Programmed', 'Unknown', 'Pending', `Waiting for media workers: ${waiting.join(', ')}`);
  }
}

function tableOf({ version, routes, callflows }: NonNullable<Distributor['release']>['table']) {
  return { version, numbers: routes.length, callflows: Object.keys(callflows).length };
}

function listed({ name, ready, draining, activeCalls, version, message }: WorkerView) {
  return {
    name,
    ready,
    draining,
    calls: activeCalls,
    ...(version === undefined ? {} : { version }),
    ...(message === undefined ? {} : { message: message.slice(0, MESSAGE_LENGTH) }),
  };
}
