import type { Located, PivotCallflow, PivotFleet, PivotResource } from '../../crds/resources.ts';
import type { ResourceKey } from '../../crds/routing-table.ts';
import type { CallflowHealth } from '../../crds/stream.ts';
import type { Clock, Random } from '../../runtime/clock.ts';
import type { CompileResult } from '../compile/result.ts';
import type { KubeApi } from '../kube/api.ts';
import { KubeError } from '../kube/kube-error.ts';
import { type ElectionTiming, LeaderElector } from '../kube/leader-elector.ts';
import { createLeaseAccess } from '../kube/lease.ts';
import { type AnyObject, keyOf, type ResourceType } from '../kube/objects.ts';
import { Reflector, type ReflectorFigures } from '../kube/reflector.ts';
import type { Change } from '../kube/store.ts';
import { Compiler, type CompilerFigures, type CompilerOptions } from './compiler.ts';
import { type Declared, declare } from './declared.ts';
import type { Programming } from './programming.ts';
import { secretRefsOf } from './secret-refs.ts';
import { SecretKeeper } from './secrets.ts';
import { type ReporterFigures, StatusReporter } from './status-reporter.ts';
import { CALLFLOWS, DEVICES, FLEETS, MEDIA, SECRETS, TRUNKS, USERS, WATCH_TIMING } from './types.ts';
import { WebhookHealth } from './webhook-health.ts';

/** Kinds whose whole status is conditions. */
const OTHERS = [MEDIA, TRUNKS, USERS, DEVICES];

/** Name of the Lease that the leader holds. */
export const LEASE_NAME = 'pivot-operator';

/** Annotation of the PivotFleet: `true` means that however many numbers go at once, it is meant. */
const ALLOW_SHRINK = 'pivot.voice/allow-shrink';

export type OperatorSettings = ReturnType<CompilerOptions['settings']>;

export interface OperatorOptions {
  readonly api: KubeApi;
  /** Namespace of the Lease. */
  readonly namespace: string;
  /** Unique among all processes that ever were. */
  readonly identity: string;
  /** Undefined: it leads without asking, which only one process may do. */
  readonly election: ElectionTiming | undefined;
  /** What counts unless the fleet says otherwise. */
  readonly settings: OperatorSettings;
  /** However many numbers go at once, it is meant. */
  readonly allowShrink: boolean;
  /** Name of the PivotFleet that counts. */
  readonly fleet: string;
  /** How far the workers are now; asked while this process leads. */
  readonly programming: () => Programming;
  /** The fleet was declared, changed or deleted, or its status was written. */
  readonly onFleet: () => void;
  /** This process leads now. */
  readonly onElected: () => void;
  /** Told of everything that went wrong and is being dealt with. */
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
  readonly random: Random;
}

export interface OperatorFigures {
  readonly leads: boolean;
  readonly compiler: CompilerFigures;
  /** By plural of the kind. */
  readonly reflectors: Readonly<Record<string, ReflectorFigures & { readonly objects: number }>>;
  readonly reporter: ReporterFigures;
}

/**
 * Follows the resources of a cluster, compiles them after each change and, while it leads, writes what became of each into its status. Every
 * replica compiles, so that whoever leads next has everything already. It is a `CompiledSource` of the distributor.
 */
export class Operator {
  /** Rejects when this process led and does no longer: it must end, others act in its place. Never resolves. */
  readonly failed: Promise<never>;
  readonly #options: OperatorOptions;
  readonly #callflows: Reflector<Declared<PivotCallflow>>;
  /** Those of `OTHERS`. */
  readonly #others: readonly { readonly type: ResourceType; readonly reflector: Reflector<Declared<PivotResource>> }[];
  readonly #fleets: Reflector<Declared<PivotFleet>>;
  readonly #secrets: SecretKeeper;
  readonly #compiler: Compiler;
  readonly #reporter: StatusReporter;
  readonly #health: WebhookHealth;
  readonly #elector: LeaderElector | undefined;
  readonly #fail: (error: unknown) => void;
  readonly #synced = new Set<string>();
  readonly #listeners = new Set<() => void>();
  /** Callflows may be missing that nobody has deleted: at the start, and when a list did not have what was there before. */
  #doubtful = true;
  /** Callflows that have changed since the last compile. */
  readonly #changed = new Set<string>();
  #leads = false;

  constructor(options: OperatorOptions) {
    this.#options = options;
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => {}); // Nobody need wait for it.
    this.failed = promise;
    this.#fail = reject;
    const { api, onError, clock, random, identity, namespace, election } = options;
    const parts = { api, onError, clock, random };
    this.#callflows = this.#reflect(CALLFLOWS, (change) => this.#callflowChanged(change));
    this.#others = OTHERS.map((type) => ({
      type,
      reflector: this.#reflect(type, (change) => this.#otherChanged(type, change)),
    }));
    this.#fleets = this.#reflect(FLEETS, (change) => this.#fleetChanged(change));
    this.#secrets = new SecretKeeper({ ...parts, onChange: () => this.#compiler.touch() });
    this.#compiler = new Compiler({
      settings: () => ({ ...options.settings, fleet: options.fleet }),
      resources: () => this.#resources(),
      prepared: (signal) => this.#secrets.settled(signal),
      onResult: (result) => this.#compiled(result),
      onError,
      clock,
    });
    this.#health = new WebhookHealth({
      traceUrl: () => this.fleet?.resource?.spec.traceUrl,
      onChange: (key) => this.#reporter.healthChanged(key),
      clock,
    });
    this.#reporter = new StatusReporter({
      ...parts,
      identity,
      callflows: this.#callflows.store,
      others: [
        ...this.#others.map(({ type, reflector }) => ({ type, store: reflector.store })),
        { type: FLEETS, store: this.#fleets.store, except: options.fleet },
      ],
      health: (key, object) => this.#health.of(key, object),
      programming: options.programming,
    });
    if (election === undefined) return;
    this.#elector = new LeaderElector({
      lease: createLeaseAccess(api, { namespace, name: LEASE_NAME }),
      identity,
      onElected: () => this.#lead(),
      onLost: (error) => void this.#lost(error),
      onError,
      clock,
      random,
      timing: election,
    });
  }

  /** Everything has been listed and compiled once. */
  get synced(): boolean {
    return this.#compiler.latest !== undefined;
  }

  /** What everything that is declared amounts to. Throws before `synced`. */
  latest(): CompileResult & { readonly allowShrink: boolean } {
    const { latest } = this.#compiler;
    if (latest === undefined) throw new KubeError('handlerFailed', 'not everything has been listed yet');
    return { ...latest, allowShrink: !this.#doubtful || this.#shrinkIsMeant };
  }

  /** The table of this version is in force: what it lacks is not missed any more. */
  inForce(version: string): void {
    if (version === this.#compiler.latest?.table.version) this.#doubtful = false;
  }

  /** `changed` is called after each compile. Returns how to end that. */
  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  /** Every callflow with the status that the API server has of it. */
  callflows(): Iterable<Declared<PivotCallflow>> {
    return this.#callflows.store.values();
  }

  /** The PivotFleet that counts. Undefined: there is none. */
  get fleet(): Declared<PivotFleet> | undefined {
    return this.#fleets.store.get(this.#options.fleet);
  }

  get #shrinkIsMeant(): boolean {
    return this.#options.allowShrink || this.fleet?.metadata.annotations?.[ALLOW_SHRINK] === 'true';
  }

  /** Something has changed that `latest` does not show yet. */
  get compiling(): boolean {
    return this.#compiler.due;
  }

  /** What a worker saw of web servers. */
  takeHealth(reports: readonly CallflowHealth[]): void {
    this.#health.take(reports.filter(({ key }) => this.#callflows.store.has(key)));
  }

  /** Workers may have come, gone, or answered. */
  programmingChanged(): void {
    this.#reporter.programmingChanged();
  }

  get leads(): boolean {
    return this.#leads && (this.#elector?.isLeader ?? true);
  }

  /** Who leads, as far as it is known; empty: nobody. */
  get leader(): string {
    return this.#elector?.holder ?? this.#options.identity;
  }

  /** Ready is who knows everything: then it can lead at once. Leading is not part of it, or a rollout would wait for ever. */
  readiness(): { readonly ready: boolean; readonly reasons: readonly string[] } {
    if (this.synced) return { ready: true, reasons: [] };
    const missing = [CALLFLOWS, ...OTHERS, FLEETS, SECRETS].filter(({ plural }) => !this.#synced.has(plural));
    const reasons = missing.map(({ plural }) => `${plural} have not been listed yet`);
    return { ready: false, reasons: reasons.length === 0 ? ['nothing has been compiled yet'] : reasons };
  }

  get figures(): OperatorFigures {
    return {
      leads: this.leads,
      compiler: this.#compiler.figures,
      reflectors: {
        [CALLFLOWS.plural]: { ...this.#callflows.figures, objects: this.#callflows.store.size },
        [FLEETS.plural]: { ...this.#fleets.figures, objects: this.#fleets.store.size },
        ...Object.fromEntries(
          this.#others.map(({ type, reflector }) => [
            type.plural,
            { ...reflector.figures, objects: reflector.store.size },
          ]),
        ),
        [SECRETS.plural]: { ...this.#secrets.figures, objects: this.#secrets.wanted },
      },
      reporter: this.#reporter.figures,
    };
  }

  /** Begins. Resolves when everything is listed and compiled; false if it was stopped before. */
  async start(): Promise<boolean> {
    if (this.#elector === undefined) this.#lead();
    else this.#elector.start();
    this.#callflows.start();
    for (const { reflector } of this.#others) reflector.start();
    this.#fleets.start();
    const declared = [
      this.#listed(CALLFLOWS, this.#callflows.synced),
      ...this.#others.map(({ type, reflector }) => this.#listed(type, reflector.synced)),
      this.#listed(FLEETS, this.#fleets.synced),
    ];
    if ((await Promise.all(declared)).includes(false)) return false;
    // Only now is it known which values are referred to.
    this.#secrets.start();
    if (!(await this.#listed(SECRETS, this.#secrets.synced))) return false;
    const first = new Promise<void>((resolve) => {
      const end = this.subscribe(() => {
        end();
        resolve();
      });
    });
    this.#compiler.start();
    await first;
    return true;
  }

  /** Writes what is to be written, gives the lead up and ends. */
  async stop(): Promise<void> {
    this.#compiler.stop();
    this.#health.stop();
    if (this.#leads) await this.#reporter.drain();
    this.#leads = false;
    const reflectors = [this.#callflows, ...this.#others.map((one) => one.reflector), this.#fleets];
    await Promise.all([...reflectors.map((one) => one.stop()), this.#secrets.stop(), this.#elector?.stop()]);
  }

  #reflect<R extends PivotResource>(
    type: ResourceType,
    onChange: (change: Change<Declared<R>>) => void,
  ): Reflector<Declared<R>> {
    const { api, onError, clock, random } = this.#options;
    const reflector: Reflector<Declared<R>> = new Reflector({
      api,
      type,
      transform: (object: AnyObject) => declare<R>(object, reflector.store.get(keyOf(object))),
      onChange,
      onError,
      clock,
      random,
      timing: WATCH_TIMING,
    });
    return reflector;
  }

  async #listed({ plural }: ResourceType, synced: Promise<boolean>): Promise<boolean> {
    const done = await synced;
    if (done) this.#synced.add(plural);
    return done;
  }

  #callflowChanged(change: Change<Declared<PivotCallflow>>): void {
    const { key } = change;
    if (change.type === 'update' && isSame(change.old, change.object)) {
      this.#reporter.statusChanged(CALLFLOWS.kind, key);
      return;
    }
    if (change.type === 'delete') {
      this.#doubtful ||= change.missed === true;
      this.#reporter.objectDeleted(CALLFLOWS.kind, key);
      this.#health.forget(key);
    } else {
      // What the former state refers to is kept until the compile has said that it is not used any more.
      const { namespace = '' } = change.object.metadata;
      const refs = secretRefsOf(change.object.resource?.spec);
      this.#secrets.setRefs(key, namespace, [...this.#secrets.refsOf(key), ...refs]);
    }
    this.#changed.add(key);
    this.#compiler.touch();
  }

  #otherChanged({ kind }: ResourceType, change: Change<Declared<PivotResource>>): void {
    const { key } = change;
    if (change.type === 'update' && isSame(change.old, change.object)) {
      this.#reporter.statusChanged(kind, key);
      return;
    }
    const who = `${kind} ${key}`;
    if (change.type === 'delete') {
      this.#reporter.objectDeleted(kind, key);
      this.#secrets.setRefs(who, '', []);
    } else {
      const { metadata, resource } = change.object;
      this.#secrets.setRefs(who, metadata.namespace ?? '', secretRefsOf(resource?.spec));
    }
    this.#compiler.touch();
  }

  #fleetChanged(change: Change<Declared<PivotFleet>>): void {
    const { key } = change;
    if (change.type !== 'update' || !isSame(change.old, change.object)) this.#compiler.touch();
    else this.#reporter.statusChanged(FLEETS.kind, key);
    if (change.type === 'delete') this.#reporter.objectDeleted(FLEETS.kind, key);
    if (key === this.#options.fleet) this.#options.onFleet();
  }

  #resources(): readonly Located[] {
    const declared = [
      ...this.#callflows.store.values(),
      ...this.#others.flatMap(({ reflector }) => [...reflector.store.values()]),
      ...this.#fleets.store.values(),
    ];
    return [
      ...declared.flatMap(({ resource }) => (resource === undefined ? [] : [{ resource }])),
      ...this.#secrets.located(),
    ];
  }

  #compiled(result: CompileResult): void {
    this.#dropUnusedRefs(result);
    for (const changed of [...this.#listeners]) {
      try {
        changed();
      } catch (error) {
        this.#options.onError(error);
      }
    }
    // After the listeners: the distributor knows then that there is something to be published.
    this.#reporter.report(result);
  }

  #dropUnusedRefs({ statuses }: CompileResult): void {
    for (const key of this.#changed) {
      const object = this.#callflows.store.get(key);
      const isInvalid = statuses.get(key as ResourceKey)?.conditions.some((one) => one.reason === 'InvalidCallflow');
      if (object !== undefined && isInvalid === true) continue; // Its last good state may be in use.
      const refs = object === undefined ? [] : secretRefsOf(object.resource?.spec);
      this.#secrets.setRefs(key, object?.metadata.namespace ?? '', refs);
    }
    this.#changed.clear();
  }

  #lead(): void {
    this.#leads = true;
    this.#reporter.start();
    this.#options.onElected();
  }

  async #lost(error: KubeError | undefined): Promise<void> {
    this.#leads = false;
    await this.#reporter.stop();
    if (error !== undefined) this.#fail(error);
  }
}

/** Nothing that the compile looks at is different. */
function isSame(a: Declared<PivotResource>, b: Declared<PivotResource>): boolean {
  return a.resource === b.resource && a.faults === b.faults;
}
