import type { Located, PivotCallflow, PivotMedia, PivotResource } from '../../crds/resources.ts';
import type { ResourceKey } from '../../crds/routing-table.ts';
import type { CompileResult } from '../compile/result.ts';
import type { KubeApi } from '../kube/api.ts';
import type { Clock, Random } from '../kube/clock.ts';
import { KubeError } from '../kube/kube-error.ts';
import { type ElectionTiming, LeaderElector } from '../kube/leader-elector.ts';
import { createLeaseAccess } from '../kube/lease.ts';
import { type AnyObject, keyOf, type ResourceType } from '../kube/objects.ts';
import { Reflector, type ReflectorFigures } from '../kube/reflector.ts';
import type { Change } from '../kube/store.ts';
import { Compiler, type CompilerFigures, type CompilerOptions } from './compiler.ts';
import { type Declared, declare } from './declared.ts';
import { secretRefsOf } from './secret-refs.ts';
import { SecretKeeper } from './secrets.ts';
import { type ReporterFigures, StatusReporter } from './status-reporter.ts';
import { type ProgrammedOf, programmedUnknown } from './statuses.ts';
import { CALLFLOWS, MEDIA, SECRETS, WATCH_TIMING } from './types.ts';

/** Name of the Lease that the leader holds. */
export const LEASE_NAME = 'pivot-operator';

export interface OperatorOptions {
  readonly api: KubeApi;
  /** Namespace of the Lease. */
  readonly namespace: string;
  /** Unique among all processes that ever were. */
  readonly identity: string;
  /** Undefined: it leads without asking, which only one process may do. */
  readonly election: ElectionTiming | undefined;
  readonly settings: CompilerOptions['settings'];
  readonly programmed?: ProgrammedOf;
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
  readonly #media: Reflector<Declared<PivotMedia>>;
  readonly #secrets: SecretKeeper;
  readonly #compiler: Compiler;
  readonly #reporter: StatusReporter;
  readonly #elector: LeaderElector | undefined;
  readonly #fail: (error: unknown) => void;
  readonly #synced = new Set<string>();
  readonly #listeners = new Set<() => void>();
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
    this.#media = this.#reflect(MEDIA, (change) => this.#mediaChanged(change));
    this.#secrets = new SecretKeeper({ ...parts, onChange: () => this.#compiler.touch() });
    this.#compiler = new Compiler({
      settings: options.settings,
      resources: () => this.#resources(),
      prepared: (signal) => this.#secrets.settled(signal),
      onResult: (result) => this.#compiled(result),
      onError,
      clock,
    });
    this.#reporter = new StatusReporter({
      ...parts,
      identity,
      callflows: this.#callflows.store,
      media: this.#media.store,
      programmed: options.programmed ?? programmedUnknown,
      settings: options.settings,
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
  latest(): CompileResult {
    const { latest } = this.#compiler;
    if (latest === undefined) throw new KubeError('handlerFailed', 'not everything has been listed yet');
    return latest;
  }

  /** `changed` is called after each compile. Returns how to end that. */
  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
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
    const missing = [CALLFLOWS, MEDIA, SECRETS].filter(({ plural }) => !this.#synced.has(plural));
    const reasons = missing.map(({ plural }) => `${plural} have not been listed yet`);
    return { ready: false, reasons: reasons.length === 0 ? ['nothing has been compiled yet'] : reasons };
  }

  get figures(): OperatorFigures {
    return {
      leads: this.leads,
      compiler: this.#compiler.figures,
      reflectors: {
        [CALLFLOWS.plural]: { ...this.#callflows.figures, objects: this.#callflows.store.size },
        [MEDIA.plural]: { ...this.#media.figures, objects: this.#media.store.size },
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
    this.#media.start();
    if (!(await this.#listed(CALLFLOWS, this.#callflows.synced))) return false;
    // Only now is it known which values are referred to.
    this.#secrets.start();
    const others = [this.#listed(MEDIA, this.#media.synced), this.#listed(SECRETS, this.#secrets.synced)];
    if ((await Promise.all(others)).includes(false)) return false;
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
    if (this.#leads) await this.#reporter.drain();
    this.#leads = false;
    await Promise.all([this.#callflows.stop(), this.#media.stop(), this.#secrets.stop(), this.#elector?.stop()]);
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
    if (change.type === 'delete') this.#reporter.objectDeleted(CALLFLOWS.kind, key);
    else {
      // What the former state refers to is kept until the compile has said that it is not used any more.
      const { namespace = '' } = change.object.metadata;
      const refs = secretRefsOf(change.object.resource?.spec);
      this.#secrets.setRefs(key, namespace, [...this.#secrets.refsOf(key), ...refs]);
    }
    this.#changed.add(key);
    this.#compiler.touch();
  }

  #mediaChanged(change: Change<Declared<PivotMedia>>): void {
    const { key } = change;
    if (change.type === 'update' && isSame(change.old, change.object)) this.#reporter.statusChanged(MEDIA.kind, key);
    else {
      if (change.type === 'delete') this.#reporter.objectDeleted(MEDIA.kind, key);
      this.#compiler.touch();
    }
  }

  #resources(): readonly Located[] {
    const declared = [...this.#callflows.store.values(), ...this.#media.store.values()];
    return [
      ...declared.flatMap(({ resource }) => (resource === undefined ? [] : [{ resource }])),
      ...this.#secrets.located(),
    ];
  }

  #compiled(result: CompileResult): void {
    this.#dropUnusedRefs(result);
    this.#reporter.report(result);
    for (const changed of [...this.#listeners]) {
      try {
        changed();
      } catch (error) {
        this.#options.onError(error);
      }
    }
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
