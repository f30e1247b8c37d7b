import type { AddressInfo } from 'node:net';
import type { Fault } from '../../crds/errors/fault.ts';
import type { Clock, Random } from '../../runtime/clock.ts';
import { Distributor } from '../distributor/distributor.ts';
import type { Authenticate } from '../distributor/stream-server.ts';
import type { KubeApi } from '../kube/api.ts';
import { FleetReporter } from './fleet-reporter.ts';
import { LeaderLabel } from './leader-label.ts';
import type { Operator } from './operator.ts';
import { type Programming, programmingOf } from './programming.ts';
import { SnapshotKeeper } from './snapshot-keeper.ts';
import type { TlsFolder } from './tls-folder.ts';

export interface ServingOptions {
  readonly api: KubeApi;
  readonly namespace: string;
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  /** Undefined: in the clear, which only the loopback interface may be. */
  readonly tls: TlsFolder | undefined;
  readonly authenticate: Authenticate;
  /** The own Pod and those of all operators, for the leader's label; undefined: nothing is labelled. */
  readonly pod: { readonly name: string; readonly selector: string } | undefined;
  /** Of the snapshot Secrets; undefined: none are kept. */
  readonly snapshotPrefix: string | undefined;
  readonly onFault: (fault: Fault) => void;
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
  readonly random: Random;
}

/** What the leader does for the workers: the stream and who finds it, the snapshot for those that start without it, and the status of the fleet. */
export class Serving {
  readonly #options: ServingOptions;
  readonly #operator: Operator;
  readonly #distributor: Distributor;
  readonly #fleet: FleetReporter;
  readonly #label: LeaderLabel | undefined;
  readonly #snapshot: SnapshotKeeper | undefined;

  private constructor(
    options: ServingOptions,
    operator: Operator,
    distributor: Distributor,
    snapshot: SnapshotKeeper | undefined,
  ) {
    this.#options = options;
    this.#operator = operator;
    this.#distributor = distributor;
    this.#snapshot = snapshot;
    this.#fleet = new FleetReporter({
      ...options,
      fleet: () => operator.fleet,
      distributor,
      publishing: () => operator.compiling || distributor.publishing,
    });
    if (options.pod === undefined) return;
    const { name: pod, selector } = options.pod;
    this.#label = new LeaderLabel({ ...options, pod, selector });
  }

  /** Reads what the leader before has published and follows the operator's results. Serves nobody before `start`. */
  static async create(operator: Operator, options: ServingOptions, signal: AbortSignal): Promise<Serving> {
    const { snapshotPrefix, tls, onError } = options;
    let serving: Serving | undefined;
    const snapshot =
      snapshotPrefix === undefined
        ? undefined
        : new SnapshotKeeper({ ...options, prefix: snapshotPrefix, table: () => serving?.distributor.release?.table });
    const previous = await snapshot?.load(signal);
    const distributor = new Distributor({
      ...options,
      source: operator,
      tls: tls?.material,
      ...(previous === undefined ? {} : { previous }),
      onChange: () => serving?.changed(),
      onHealth: (callflows) => operator.takeHealth(callflows),
    });
    serving = new Serving(options, operator, distributor, snapshot);
    tls?.watch((material) => distributor.setTls(material), onError);
    return serving;
  }

  get distributor(): Distributor {
    return this.#distributor;
  }

  get programming(): Programming {
    return programmingOf(this.#distributor);
  }

  /** The fleet or what is known of the workers may be another. */
  changed(): void {
    const version = this.#distributor.release?.table.version;
    if (version !== undefined) this.#operator.inForce(version);
    this.#operator.programmingChanged();
    this.#fleet.changed();
    this.#snapshot?.changed();
  }

  /** This process leads. Rejects when the address cannot be had. */
  async start(): Promise<AddressInfo> {
    const address = await this.#distributor.serve();
    this.#label?.start();
    this.#fleet.start();
    this.#snapshot?.start();
    return address;
  }

  async stop(): Promise<void> {
    this.#options.tls?.stop();
    await Promise.all([this.#label?.stop(), this.#fleet.stop(), this.#snapshot?.stop(), this.#distributor.close()]);
  }
}
