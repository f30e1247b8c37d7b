import type { PivotCallflow, PivotMedia, PivotResource } from '../../crds/resources.ts';
import type { ResourceKey } from '../../crds/routing-table.ts';
import type { CheckOptions } from '../compile/check.ts';
import type { CompileResult } from '../compile/result.ts';
import type { KubeApi } from '../kube/api.ts';
import { type Clock, type Random, sleep } from '../kube/clock.ts';
import { type EventFigures, EventRecorder } from '../kube/events.ts';
import { keyOf } from '../kube/objects.ts';
import { type StatedStatus, type StatusFigures, StatusWriter } from '../kube/status-writer.ts';
import type { ObjectStore } from '../kube/store.ts';
import { type Declared, plainObject } from './declared.ts';
import { callflowStatus, eventOf, mediaStatus, type ProgrammedOf } from './statuses.ts';
import { CALLFLOWS, MEDIA } from './types.ts';

/** Under which our fields of a status are ours. Never to be changed: the fields of the old name would stay for ever. */
const FIELD_MANAGER = 'pivot-operator';
/** Writes in a second, for each kind: 10,000 callflows in half a minute; one API server does 400 to 470 (spec/kubernetes.md 3.3). */
const RATE = { perSecond: 300, burst: 300 };
const CONCURRENCY = 16;
/** How long the last writes may take when the process is to stop. Milliseconds. */
const DRAIN_MS = 5000;

export interface StatusReporterOptions {
  readonly api: Pick<KubeApi, 'apply' | 'create'>;
  readonly callflows: ObjectStore<Declared<PivotCallflow>>;
  readonly media: ObjectStore<Declared<PivotMedia>>;
  readonly programmed: ProgrammedOf;
  readonly settings: CheckOptions;
  /** Who reports, in events. */
  readonly identity: string;
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
  readonly random: Random;
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
  readonly #media: StatusWriter;
  readonly #events: EventRecorder;
  /** What was stated last, by kind and key, with the uid of the object. */
  readonly #stated = new Map<string, string>();
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
    const writer = (type: typeof CALLFLOWS, store: ObjectStore<Declared<PivotResource>>): StatusWriter =>
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
    this.#media = writer(MEDIA, options.media);
  }

  get figures(): ReporterFigures {
    const [a, b] = [this.#callflows.figures, this.#media.figures];
    const sum = Object.keys(a).map((name) => [name, a[name as keyof StatusFigures] + b[name as keyof StatusFigures]]);
    return { statuses: Object.fromEntries(sum) as unknown as StatusFigures, events: this.#events.figures };
  }

  /** This process leads from now on. Once only: a process that has lost the lead is to end. */
  start(): void {
    this.#leads = true;
    for (const part of [this.#callflows, this.#media, this.#events]) part.start();
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
  }

  /** Writes what waits, for a few seconds at most, and ends. */
  async drain(): Promise<void> {
    const { clock } = this.#options;
    const late = new AbortController();
    const statuses = Promise.all([this.#callflows.drain(), this.#media.drain()]).then(() => this.#events.drain());
    await Promise.race([statuses, sleep(clock, DRAIN_MS, late.signal)]);
    late.abort();
    await this.stop();
  }

  /** Ends at once: another may lead already. */
  async stop(): Promise<void> {
    this.#leads = false;
    await Promise.all([this.#callflows.stop(), this.#media.stop(), this.#events.stop()]);
  }

  #stateAll(): void {
    if (!this.#leads || this.#result === undefined) return;
    for (const object of this.#options.callflows.values()) this.#stateCallflow(object, this.#result);
    for (const object of this.#options.media.values()) this.#stateMedia(object);
  }

  #stateOne(kind: string, key: string): void {
    if (!this.#leads || this.#result === undefined) return;
    const { callflows, media } = this.#options;
    const callflow = kind === CALLFLOWS.kind ? callflows.get(key) : undefined;
    const sound = kind === MEDIA.kind ? media.get(key) : undefined;
    if (callflow !== undefined) this.#stateCallflow(callflow, this.#result);
    if (sound !== undefined) this.#stateMedia(sound);
  }

  #stateCallflow(object: Declared<PivotCallflow>, { statuses }: CompileResult): void {
    const key = keyOf(object);
    const compiled = statuses.get(key as ResourceKey);
    // Come since the last compile: the next one, a moment from now, knows it.
    if (compiled === undefined && object.faults.length === 0) return;
    const generation = compiled?.conditions[0]?.observedGeneration ?? object.metadata.generation ?? 0;
    const status = callflowStatus(object, compiled, this.#options.programmed(key, generation));
    this.#state(this.#callflows, CALLFLOWS.kind, object, status);
  }

  #stateMedia(object: Declared<PivotMedia>): void {
    this.#state(this.#media, MEDIA.kind, object, mediaStatus(object, this.#options.settings));
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
