import type { Located, Secret } from '../../crds/resources.ts';
import { type Clock, type Random, sleep } from '../../runtime/clock.ts';
import type { KubeApi } from '../kube/api.ts';
import { isKubeError } from '../kube/kube-error.ts';
import { type AnyObject, compareVersions, isRecord, type KubeObject, splitKey } from '../kube/objects.ts';
import { Reflector, type ReflectorFigures } from '../kube/reflector.ts';
import type { Change } from '../kube/store.ts';
import { WorkQueue } from '../kube/work-queue.ts';
import type { SecretRef } from './secret-refs.ts';
import { SECRETS, WATCH_TIMING } from './types.ts';

/**
 * Secrets that never hold anything for a callflow and are many and large: Helm's records of releases, and tokens. A field selector cannot say
 * "one of", so everything else is watched.
 */
const SELECTION = { fieldSelector: 'type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token' };
/** How long a compile waits for values that have to be fetched. Milliseconds. */
const FETCH_PATIENCE_MS = 2000;

/** What is kept of a Secret: the names of its keys, and only the values that a callflow refers to. */
interface KeptSecret extends KubeObject {
  readonly keys: readonly string[];
  readonly data: Readonly<Record<string, string>>;
  /** As the compile wants it: the same object as long as nothing has changed. */
  readonly resource: Secret;
}

export interface SecretKeeperOptions {
  readonly api: Pick<KubeApi, 'list' | 'watch' | 'get'>;
  /** A value that somebody refers to may have changed. */
  readonly onChange: () => void;
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Follows all Secrets and holds the values that are referred to, no others. A value that is referred to only later is fetched when that
 * happens: the watch has passed it by.
 */
export class SecretKeeper {
  readonly #options: SecretKeeperOptions;
  readonly #reflector: Reflector<KeptSecret>;
  readonly #fetches: WorkQueue;
  /** By callflow. */
  readonly #refs = new Map<string, { readonly namespace: string; readonly refs: readonly SecretRef[] }>();
  /** By Secret: how many references there are to each key. */
  readonly #wanted = new Map<string, Map<string, number>>();
  readonly #fetched = new Map<string, KeptSecret>();

  constructor(options: SecretKeeperOptions) {
    this.#options = options;
    this.#reflector = new Reflector<KeptSecret>({
      ...options,
      type: SECRETS,
      selection: SELECTION,
      transform: (object) => this.#keep(object),
      onChange: (change) => this.#changed(change),
      timing: WATCH_TIMING,
    });
    this.#fetches = new WorkQueue({ ...options, process: (key, signal) => this.#fetch(key, signal), concurrency: 8 });
  }

  get synced(): Promise<boolean> {
    return this.#reflector.synced;
  }

  get figures(): ReflectorFigures {
    return this.#reflector.figures;
  }

  /** Secrets that callflows refer to. */
  get wanted(): number {
    return this.#wanted.size;
  }

  /** Begins. References that are known before then need no fetch. */
  start(): void {
    this.#reflector.start();
    this.#fetches.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#reflector.stop(), this.#fetches.stop()]);
  }

  /** What a callflow refers to, in the place of what was said of it before. */
  setRefs(callflow: string, namespace: string, refs: readonly SecretRef[]): void {
    const before = this.#refs.get(callflow);
    if (refs.length === 0) this.#refs.delete(callflow);
    else this.#refs.set(callflow, { namespace, refs });
    for (const { name, key } of refs) this.#retain(`${namespace}/${name}`, key);
    for (const { name, key } of before?.refs ?? []) this.#release(`${namespace}/${name}`, key);
  }

  refsOf(callflow: string): readonly SecretRef[] {
    return this.#refs.get(callflow)?.refs ?? [];
  }

  /** Resolves when what must be fetched is there, or could not be had in a short time; it is tried again then, and `onChange` follows. */
  async settled(signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    const patience = sleep(this.#options.clock, FETCH_PATIENCE_MS, AbortSignal.any([signal, done.signal]));
    await Promise.race([this.#fetches.idle(), patience]);
    done.abort();
  }

  /** The Secrets that callflows refer to, as far as they exist. */
  *located(): Generator<Located<Secret>> {
    for (const key of this.#wanted.keys()) {
      const secret = this.#newest(key);
      if (secret !== undefined) yield { resource: secret.resource };
    }
  }

  #retain(secret: string, key: string): void {
    const keys = this.#wanted.get(secret) ?? new Map<string, number>();
    this.#wanted.set(secret, keys);
    keys.set(key, (keys.get(key) ?? 0) + 1);
    if (this.#lacksValues(secret)) this.#fetches.add(secret);
  }

  /** Some value that is there, and referred to, has not been kept. */
  #lacksValues(secret: string): boolean {
    const known = this.#newest(secret);
    const wanted = this.#wanted.get(secret);
    if (known === undefined || wanted === undefined) return false;
    return known.keys.some((key) => wanted.has(key) && !Object.hasOwn(known.data, key));
  }

  #release(secret: string, key: string): void {
    const keys = this.#wanted.get(secret);
    const left = (keys?.get(key) ?? 0) - 1;
    if (left > 0) keys?.set(key, left);
    else keys?.delete(key);
    if (keys?.size !== 0) return;
    this.#wanted.delete(secret);
    this.#fetched.delete(secret);
  }

  #newest(key: string): KeptSecret | undefined {
    const seen = this.#reflector.store.get(key);
    const fetched = this.#fetched.get(key);
    if (seen === undefined || fetched === undefined) return seen;
    const order = compareVersions(fetched.metadata.resourceVersion, seen.metadata.resourceVersion);
    if (fetched.metadata.uid === seen.metadata.uid && order !== undefined && order >= 0) return fetched;
    this.#fetched.delete(key);
    return seen;
  }

  #keep(object: AnyObject): KeptSecret {
    const { name, namespace, uid, resourceVersion } = object.metadata;
    const all = isRecord(object['data']) ? object['data'] : {};
    const wanted = this.#wanted.get(`${namespace}/${name}`);
    const kept = Object.entries(all).flatMap(([key, value]) =>
      wanted?.has(key) && typeof value === 'string'
        ? [[key, Buffer.from(value, 'base64').toString('utf8')] as const]
        : [],
    );
    const data = Object.fromEntries(kept);
    return {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: namespace!, uid: uid!, resourceVersion: resourceVersion! },
      keys: Object.keys(all),
      data,
      resource: { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: namespace! }, data },
    };
  }

  #changed({ key }: Change<KeptSecret>): void {
    if (this.#wanted.has(key)) this.#options.onChange();
  }

  async #fetch(key: string, signal: AbortSignal): Promise<void> {
    if (!this.#lacksValues(key)) return;
    const { namespace, name } = splitKey(key);
    try {
      this.#fetched.set(key, this.#keep(await this.#options.api.get(SECRETS, { namespace, name }, signal)));
    } catch (error) {
      if (isKubeError(error, 'notFound')) return; // The watch will say so too.
      throw error;
    }
    if (!this.#wanted.has(key)) this.#fetched.delete(key);
    this.#options.onChange();
  }
}
