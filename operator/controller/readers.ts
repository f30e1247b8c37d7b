import { createHash } from 'node:crypto';
import { debugCodes } from '../../crds/errors/debug.ts';
import { fault, PivotError } from '../../crds/errors/fault.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { KubeApi } from '../kube/api.ts';
import { type Identity, reviewAccess, reviewToken } from '../kube/reviews.ts';
import { CALLFLOWS } from './types.ts';

export interface ReadersOptions {
  readonly api: Pick<KubeApi, 'ask'>;
  readonly clock: Clock;
}

/** So long a verdict counts: a page that is open asks every few seconds. A token or a right that is taken away counts for no longer. Milliseconds. */
const REMEMBERED_MS = 30_000;
const REMEMBERED = 10_000;
const ASK_LIMIT_MS = 5000;
/** Namespaces of which one person's rights are asked one by one; who may read all of them is asked about once. */
const MOST_NAMESPACES = 500;
const AT_ONCE = 8;
/** Questions to the API server at once: whoever comes with nonsense for tokens shall not burden it. */
const MOST_QUESTIONS = 64;
/** Longest token that is looked at, in characters. */
const LONGEST_TOKEN = 16 * 1024;

/**
 * Who may read the debug log: people with a token of the cluster, in the namespaces whose callflows they may `get`. Methods reject with a
 * `PivotError`: PV-2206 unknown, PV-2207 not allowed, PV-2209 the API server cannot be asked.
 */
export class Readers {
  readonly #options: ReadersOptions;
  /** By the hash of the token: the tokens themselves are kept nowhere. */
  readonly #identities: Remembered<Identity>;
  readonly #rights: Remembered<boolean>;

  constructor(options: ReadersOptions) {
    this.#options = options;
    this.#identities = new Remembered(options.clock);
    this.#rights = new Remembered(options.clock);
  }

  /** Whose token an `Authorization` header has. */
  async identify(authorization: string | undefined): Promise<Identity> {
    const token = /^Bearer ([\x21-\x7e]+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined || token.length > LONGEST_TOKEN)
      throw unauthenticated('Send "Authorization: Bearer TOKEN"');
    const print = createHash('sha256').update(token).digest('base64');
    return this.#identities.get(print, async (signal) => {
      // For the audience of the API server itself: the token that people have for kubectl.
      const verdict = await reviewToken(this.#options.api, token, [], signal);
      if (!verdict.authenticated) throw unauthenticated(`The token is refused: ${verdict.reason}`);
      return verdict.identity;
    });
  }

  /** Resolves if they may read that namespace. */
  async check(identity: Identity, namespace: string): Promise<void> {
    if (await this.#may(identity, namespace)) return;
    throw new PivotError(
      fault(debugCodes.forbidden, `${identity.username} may not get pivotcallflows in the namespace "${namespace}"`),
    );
  }

  /** Those of the namespaces that they may read. */
  async readable(identity: Identity, namespaces: readonly string[]): Promise<string[]> {
    if (await this.#may(identity, undefined)) return [...namespaces];
    const readable = new Set<string>();
    const queue = namespaces.slice(0, MOST_NAMESPACES);
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift())
        if (await this.#may(identity, next)) readable.add(next);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return namespaces.filter((namespace) => readable.has(namespace));
  }

  /** `namespace` undefined: in all of them. */
  #may({ username, groups }: Identity, namespace: string | undefined): Promise<boolean> {
    const { group, plural: resource } = CALLFLOWS;
    const access = { verb: 'get', group, resource, ...(namespace === undefined ? {} : { namespace }) };
    return this.#rights.get(JSON.stringify([username, groups, namespace]), async (signal) => {
      const { allowed } = await reviewAccess(this.#options.api, { username, groups }, access, signal);
      return allowed;
    });
  }
}

/** Answers of the API server that count for a while. Those who ask the same at the same time share one question. */
class Remembered<T> {
  readonly #clock: Clock;
  #asking = 0;
  readonly #known = new Map<string, { readonly answer: Promise<T>; readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: string, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const now = this.#clock.monotonic();
    const known = this.#known.get(key);
    if (known !== undefined && now < known.until) return known.answer;
    if (this.#asking >= MOST_QUESTIONS)
      return Promise.reject(
        new PivotError(fault(debugCodes.tooBusy, 'Too many people whom this process does not know yet are asking')),
      );
    this.#asking += 1;
    // Not whoever asks first, who may go away, but a limit ends it: others wait for it too.
    const asked = ask(AbortSignal.timeout(ASK_LIMIT_MS)).finally(() => {
      this.#asking -= 1;
    });
    const answer = asked.catch((error: unknown) => {
      if (this.#known.get(key)?.answer === answer) this.#known.delete(key);
      if (error instanceof PivotError && error.fault.code === debugCodes.unauthenticated.code) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new PivotError(fault(debugCodes.apiServerAway, `The API server cannot be asked: ${message}`), {
        cause: error,
      });
    });
    this.#known.delete(key);
    this.#known.set(key, { answer, until: now + REMEMBERED_MS });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= REMEMBERED) break;
      this.#known.delete(oldest);
    }
    return answer;
  }
}

function unauthenticated(message: string): PivotError {
  return new PivotError(fault(debugCodes.unauthenticated, message));
}
