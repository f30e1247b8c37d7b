/** Who fails too often is refused for a while. Nothing here grows without bounds. */
export interface Attempts {
  /** Seconds for which credentials from this address for this user are not looked at; undefined: they are. */
  blocked(address: string, user: string): Block | undefined;
  /** Seconds for which this address is not even asked for credentials. */
  flooding(address: string): Block | undefined;
  failed(address: string, user: string): void;
  succeeded(address: string, user: string): void;
  /** It was asked for credentials. */
  challenged(address: string): void;
}

export interface Block {
  readonly retryAfterSeconds: number;
  /** The first refusal of this block: the one that is traced. */
  readonly first: boolean;
}

/** Wrong digests in `WINDOW_MS`, from one address or for one user, after which it is blocked as long. */
export const MOST_FAILURES = 10;
/** Challenges that one address may leave unanswered in a minute. */
export const MOST_CHALLENGES = 100;
const WINDOW_MS = 600_000;
const CHALLENGE_WINDOW_MS = 60_000;
/** So long an address where a user has shown the right password is served although others fail. */
const PROVEN_MS = 3_600_000;
/** Wrong digests after which that is over. */
const MOST_PROVEN_FAILURES = 5;
const MOST_REMEMBERED = 20_000;

interface Count {
  count: number;
  /** Epoch milliseconds. */
  until: number;
  told: boolean;
}

export function createAttempts(now: () => number): Attempts {
  const addresses = new Bounded<Count>();
  const users = new Bounded<Count>();
  const asked = new Bounded<Count>();
  /** Users who have shown the right password, by address; a block of either is not for them. */
  const proven = new Bounded<{ readonly until: number; failures: number }>();
  /** Addresses from which somebody has. */
  const known = new Bounded<{ readonly until: number }>();

  const add = (counts: Bounded<Count>, key: string, most: number, windowMs: number): void => {
    const before = counts.get(key);
    const count =
      before === undefined || before.until <= now() ? { count: 0, until: now() + windowMs, told: false } : before;
    count.count += 1;
    // From the last straw on it is blocked for a whole window.
    if (count.count === most) count.until = now() + windowMs;
    counts.set(key, count);
  };
  const block = (counts: Bounded<Count>, key: string, most: number): Block | undefined => {
    const count = counts.get(key);
    if (count === undefined || count.until <= now() || count.count < most) return undefined;
    const first = !count.told;
    count.told = true;
    return { retryAfterSeconds: Math.ceil((count.until - now()) / 1000), first };
  };
  const pair = (address: string, user: string): string => JSON.stringify([address, user]);

  return {
    blocked(address, user) {
      const trust = proven.get(pair(address, user));
      if (trust !== undefined && trust.until > now()) return undefined;
      return block(addresses, address, MOST_FAILURES) ?? block(users, user, MOST_FAILURES);
    },
    flooding(address) {
      const trust = known.get(address);
      if (trust !== undefined && trust.until > now()) return undefined;
      return block(asked, address, MOST_CHALLENGES);
    },
    failed(address, user) {
      add(addresses, address, MOST_FAILURES, WINDOW_MS);
      add(users, user, MOST_FAILURES, WINDOW_MS);
      const trust = proven.get(pair(address, user));
      if (trust === undefined) return;
      trust.failures += 1;
      if (trust.failures >= MOST_PROVEN_FAILURES) proven.delete(pair(address, user));
    },
    succeeded(address, user) {
      const until = now() + PROVEN_MS;
      proven.set(pair(address, user), { until, failures: 0 });
      known.set(address, { until });
      asked.delete(address);
    },
    challenged: (address) => add(asked, address, MOST_CHALLENGES, CHALLENGE_WINDOW_MS),
  };
}

/** A map that forgets who was written longest ago. */
class Bounded<T> {
  readonly #entries = new Map<string, T>();

  get(key: string): T | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: T): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= MOST_REMEMBERED) return;
    const [oldest] = this.#entries.keys();
    this.#entries.delete(oldest!);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}
