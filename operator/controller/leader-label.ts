import type { BackoffLimits } from '../../runtime/backoff.ts';
import type { Clock, Random } from '../../runtime/clock.ts';
import type { KubeApi } from '../kube/api.ts';
import { type AnyObject, apiVersionOf, type ResourceType } from '../kube/objects.ts';
import { WorkQueue } from '../kube/work-queue.ts';

const PODS: ResourceType = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };
/** The Service of the table stream selects the pod that carries it. */
export const LEADER_LABEL = 'pivot.voice/leader';
const FIELD_MANAGER = 'pivot-leader';
const RETRY: BackoffLimits = { minMs: 250, maxMs: 5_000 };

export interface LeaderLabelOptions {
  readonly api: Pick<KubeApi, 'get' | 'list' | 'apply'>;
  readonly namespace: string;
  /** Name of this process's own Pod. */
  readonly pod: string;
  /** Label selector of all pods of operators of this release. */
  readonly selector: string;
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Puts the leader's label on the own Pod and takes it from all others, by which the Service finds who serves. Repeated until it is done: without it
 * workers would connect to nobody, or to who was leader before.
 */
export class LeaderLabel {
  readonly #options: LeaderLabelOptions;
  readonly #queue: WorkQueue;

  constructor(options: LeaderLabelOptions) {
    this.#options = options;
    const { onError, clock, random } = options;
    this.#queue = new WorkQueue({
      process: (_key, signal) => this.#label(signal),
      concurrency: 1,
      onError,
      clock,
      random,
      retry: RETRY,
    });
  }

  /** This process leads. */
  start(): void {
    this.#queue.start();
    this.#queue.add(this.#options.pod);
  }

  /** No more attempts. The label stays: whoever leads next takes it, and until then nobody else is to be found. */
  async stop(): Promise<void> {
    await this.#queue.stop();
  }

  async #label(signal: AbortSignal): Promise<void> {
    const { api, namespace, pod, selector } = this.#options;
    const own = await api.get(PODS, { namespace, name: pod }, signal);
    await this.#apply(own, { [LEADER_LABEL]: 'true' }, signal);
    const labelSelector = `${selector},${LEADER_LABEL}=true`;
    const { items } = await api.list(PODS, { namespace, labelSelector }, signal);
    for (const other of items) if (other.metadata.uid !== own.metadata.uid) await this.#apply(other, {}, signal);
  }

  async #apply({ metadata }: AnyObject, labels: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
    const { name, namespace, uid } = metadata;
    const named = { name, ...(namespace === undefined ? {} : { namespace }), ...(uid === undefined ? {} : { uid }) };
    const object = { apiVersion: apiVersionOf(PODS), kind: PODS.kind, metadata: { ...named, labels } };
    await this.#options.api.apply(PODS, object, { fieldManager: FIELD_MANAGER }, signal);
  }
}
