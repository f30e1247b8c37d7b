import type { PivotCallflow, PivotResource } from '../../crds/resources.ts';
import type { ResourceKey } from '../../crds/routing-table.ts';
import { type Clock, type Random, sleep, type Timer } from '../../runtime/clock.ts';
import type { CompileResult, Identity } from '../compile/result.ts';
import { hasEverywhere } from '../distributor/programmed.ts';
import type { KubeApi } from '../kube/api.ts';
import { conditionsOf, type StatedCondition } from '../kube/conditions.ts';
import { type EventFigures, EventRecorder } from '../kube/events.ts';
import { keyOf, type ResourceType } from '../kube/objects.ts';
import { type StatedStatus, type StatusFigures, StatusWriter } from '../kube/status-writer.ts';
import type { ObjectStore } from '../kube/store.ts';
import { type Declared, plainObject } from './declared.ts';
import type { Programming } from './programming.ts';
import { callflowStatus, eventOf, plainStatus } from './statuses.ts';
import { CALLFLOWS } from './types.ts';
import type { StatedHealth } from './webhook-health.ts';

/** Under which our fields of a status are ours. Never to be changed: the fields of the old name would stay for ever. */
const FIELD_MANAGER = 'pivot-operator';
/** Writes in a second, for each kind: 10,000 callflows in half a minute; one API server does 400 to 470 (spec/kubernetes.md 3.3). */
const RATE = { perSecond: 300, burst: 300 };
const CONCURRENCY = 16;
/**
 * How long a status waits for the workers' answers, so that a change costs one write and not two. They usually take some ten milliseconds.
 */
const PATIENCE_MS = 1000;
/** How long the last writes may take when the process is to stop. Milliseconds. */
const DRAIN_MS = 5000;

export interface StatusReporterOptions {
  readonly api: Pick<KubeApi, 'apply' | 'create'>;
  readonly callflows: ObjectStore<Declared<PivotCallflow>>;
  /** All other kinds, but for objects whose status somebody else writes. */
  readonly others: readonly OtherKind[];
  /** What workers saw of the web server of a callflow. */
  readonly health: (callflow: string, object: Declared<PivotCallflow>) => StatedHealth;
  /** How far the workers are now. */
  readonly programming: () => Programming;
  /** Who reports, in events. */
  readonly identity: string;
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
  readonly random: Random;
}

export interface OtherKind {
  readonly type: ResourceType;
  readonly store: Pick<ObjectStore<Declared<PivotResource>>, 'get' | 'values'>;
  /** Key of the one whose status somebody else writes. */
  readonly except?: string;
}

export interface ReporterFigures {
  readonly statuses: StatusFigures;
  readonly events: EventFigures;
}

/**
 * Turns results into statuses and events of the resources, while this process leads. What it has stated already it states again only when the
 * object has changed since, so one edit among ten thousand costs one write and one look.
 */
export class StatusReporter {
  readonly #options: StatusReporterOptions;
  readonly #callflows: StatusWriter;
  /** By kind. */
  readonly #others: ReadonlyMap<string, OtherKind & { readonly writer: StatusWriter }>;
  readonly #events: EventRecorder;
  /** What was stated last, by kind and key, with the uid of the object. */
  readonly #stated = new Map<string, string>();
  /** What objects were compiled to when they were last stated, once nothing more was to be expected: most are the same the next time. */
  readonly #finished = new WeakMap<Declared<PivotResource>, unknown>();
  /** Callflows that every worker had once, with uid and generation: true once is true for good. */
  readonly #programmed = new Map<string, string>();
  /** All others, with the time since which their workers' answers are due. */
  readonly #unsettled = new Map<string, number>();
  /** What was known of the workers when the unsettled were last looked at. */
  #print: string | undefined;
  #looking: Timer | undefined;
  #leads = false;
  #result: CompileResult | undefined;

  constructor(options: StatusReporterOptions) {
    this.#options = options;
    const { api, identity, onError, clock, random } = options;
    this.#events = new EventRecorder({
      api,
      controller: 'pivot.voice/operator',
      instance: identity,
      onError,
      clock,
      random,
    });
    const writer = (type: ResourceType, store: OtherKind['store']): StatusWriter =>
      new StatusWriter({
        api,
        type,
        fieldManager: FIELD_MANAGER,
        read: (key) => {
          const object = store.get(key);
          return object === undefined ? undefined : plainObject(object);
        },
        onTransitions: (object, transitions) => {
          for (const transition of transitions) {
            const event = eventOf(transition);
            if (event !== undefined) this.#events.record(object, event);
          }
        },
        onError,
        clock,
        random,
        rate: RATE,
        concurrency: CONCURRENCY,
      });
    this.#callflows = writer(CALLFLOWS, options.callflows);
    this.#others = new Map(
      options.others.map((one) => [one.type.kind, { ...one, writer: writer(one.type, one.store) }]),
    );
  }

  get #writers(): readonly StatusWriter[] {
    return [this.#callflows, ...[...this.#others.values()].map((one) => one.writer)];
  }

  get figures(): ReporterFigures {
    const all = this.#writers.map((one) => one.figures);
    const names = Object.keys(this.#callflows.figures) as (keyof StatusFigures)[];
    const sums = names.map((name) => [name, all.reduce((sum, one) => sum + one[name], 0)]);
    return { statuses: Object.fromEntries(sums) as unknown as StatusFigures, events: this.#events.figures };
  }

  /** This process leads from now on. Once only: a process that has lost the lead is to end. */
  start(): void {
    this.#leads = true;
    for (const part of [...this.#writers, this.#events]) part.start();
    this.#stateAll();
  }

  /** There is a new result. */
  report(result: CompileResult): void {
    this.#result = result;
    this.#stateAll();
  }

  /** Nothing of an object has changed but what is not declared: somebody may have written its status. */
  statusChanged(kind: string, key: string): void {
    if (this.#stated.delete(`${kind} ${key}`) && this.#result !== undefined) this.#stateOne(kind, key);
  }

  objectDeleted(kind: string, key: string): void {
    this.#stated.delete(`${kind} ${key}`);
    if (kind !== CALLFLOWS.kind) return;
    this.#programmed.delete(key);
    this.#unsettled.delete(key);
  }

  /** Something else is to be stated of the web server of a callflow. */
  healthChanged(key: string): void {
    const object = this.#options.callflows.get(key);
    if (object === undefined) return;
    this.#finished.delete(object);
    this.#stateOne(CALLFLOWS.kind, key);
  }

  /** Workers may have come, gone, or answered. Cheap when they have not. */
  programmingChanged(): void {
    if (!this.#leads || this.#result === undefined) return;
    const programming = this.#options.programming();
    if (programming.print === this.#print) return;
    this.#print = programming.print;
    this.#stateUnsettled(programming);
  }

  /** Writes what waits, for a few seconds at most, and ends. */
  async drain(): Promise<void> {
    const { clock } = this.#options;
    const late = new AbortController();
    const statuses = Promise.all(this.#writers.map((one) => one.drain())).then(() => this.#events.drain());
    await Promise.race([statuses, sleep(clock, DRAIN_MS, late.signal)]);
    late.abort();
    await this.stop();
  }

  /** Ends at once: another may lead already. */
  async stop(): Promise<void> {
    this.#leads = false;
    this.#looking?.cancel();
    await Promise.all([...this.#writers, this.#events].map((one) => one.stop()));
  }

  #stateAll(): void {
    if (!this.#leads || this.#result === undefined) return;
    const programming = this.#options.programming();
    this.#print = programming.print;
    for (const object of this.#options.callflows.values()) this.#stateCallflow(object, this.#result, programming);
    for (const { type, store } of this.#others.values()) {
      for (const object of store.values()) this.#stateOther(type.kind, object, this.#result);
    }
  }

  #stateOne(kind: string, key: string): void {
    if (!this.#leads || this.#result === undefined) return;
    const { callflows, programming } = this.#options;
    const callflow = kind === CALLFLOWS.kind ? callflows.get(key) : undefined;
    if (callflow !== undefined) this.#stateCallflow(callflow, this.#result, programming());
    const other = this.#others.get(kind)?.store.get(key);
    if (other !== undefined) this.#stateOther(kind, other, this.#result);
  }

  #stateUnsettled(programming: Programming): void {
    for (const key of this.#unsettled.keys()) {
      const object = this.#options.callflows.get(key);
      if (object !== undefined && this.#result !== undefined) this.#stateCallflow(object, this.#result, programming);
    }
  }

  #stateCallflow(object: Declared<PivotCallflow>, { statuses }: CompileResult, programming: Programming): void {
    const key = keyOf(object);
    const compiled = statuses.get(key as ResourceKey);
    // Come since the last compile: the next one, a moment from now, knows it.
    if (compiled === undefined && object.faults.length === 0) return;
    if (compiled !== undefined && this.#finished.get(object) === compiled) return;
    const generation = compiled?.conditions[0]?.observedGeneration ?? object.metadata.generation ?? 0;
    const programmed = this.#programmedOf(key, object, generation, programming);
    if (programmed === undefined) return;
    const health = this.#options.health(key, object);
    this.#state(this.#callflows, CALLFLOWS.kind, object, callflowStatus(object, compiled, programmed, health));
    if (!this.#unsettled.has(key)) this.#finished.set(object, compiled);
  }

  /** Undefined: the workers' answers are on their way, and then this is asked again. */
  #programmedOf(
    key: string,
    { metadata, status }: Declared<PivotCallflow>,
    generation: number,
    programming: Programming,
  ): StatedCondition | undefined {
    const print = `${metadata.uid} ${generation}`;
    const settle = (condition: StatedCondition): StatedCondition => {
      this.#programmed.set(key, print);
      this.#unsettled.delete(key);
      return condition;
    };
    if (this.#programmed.get(key) === print) return hasEverywhere(generation);
    const written = conditionsOf(status).some(
      (one) => one.type === 'Programmed' && one.status === 'True' && one.observedGeneration === generation,
    );
    if (written) return settle(hasEverywhere(generation));
    const { condition, passing } = programming.of(key, generation);
    if (condition.status === 'True') return settle(condition);
    const now = this.#options.clock.monotonic();
    const since = programming.gathering || !passing ? now : (this.#unsettled.get(key) ?? now);
    this.#unsettled.set(key, since);
    if (!passing || now - since >= PATIENCE_MS) return condition;
    this.#looking ??= this.#options.clock.after(PATIENCE_MS, () => {
      this.#looking = undefined;
      if (this.#leads) this.#stateUnsettled(this.#options.programming());
    });
    return undefined;
  }

  #stateOther(kind: string, object: Declared<PivotResource>, { conditions }: CompileResult): void {
    const other = this.#others.get(kind);
    const key = keyOf(object);
    if (other === undefined || key === other.except) return;
    const identity: Identity = `${kind} ${key}`;
    const compiled = conditions.get(identity);
    // Come since the last compile: the next one knows it.
    if (compiled === undefined && object.faults.length === 0) return;
    if (compiled !== undefined && this.#finished.get(object) === compiled) return;
    this.#state(other.writer, kind, object, plainStatus(object, compiled));
    this.#finished.set(object, compiled);
  }

  #state(writer: StatusWriter, kind: string, object: Declared<PivotResource>, status: StatedStatus): void {
    const key = keyOf(object);
    const { uid } = object.metadata;
    const print = `${uid} ${JSON.stringify(status)}`;
    if (this.#stated.get(`${kind} ${key}`) === print) return;
    this.#stated.set(`${kind} ${key}`, print);
    writer.set(key, status, uid);
  }
}
