import { createHash } from 'node:crypto';
import { Connection, type ConnectionOptions, type TlsOptions } from './connection.ts';
import type { Resolver } from './resolver.ts';
import type { Target } from './url.ts';

export interface PoolOptions {
  readonly resolver: Resolver;
  /** Connections to one origin at once; requests beyond wait for one of them, and for nothing else. */
  readonly connectionsPerOrigin: number;
  readonly keepAliveMs: number;
  readonly maxHeaderBytes: number;
  readonly now: () => number;
}

interface Waiter {
  readonly grant: (connection: Connection) => void;
}

/** All connections to one origin under one set of TLS options. */
interface Lane {
  readonly busy: Set<Connection>;
  /** Latest used last. */
  readonly idle: Connection[];
  readonly waiting: Set<Waiter>;
  session: Buffer | undefined;
}

export interface PoolStats {
  readonly busy: number;
  readonly idle: number;
  readonly waiting: number;
}

/** Keeps connections by origin. Lanes do not know of each other: a slow host holds up only those who ask it. */
export class Pool {
  readonly #options: PoolOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #retired = new WeakSet<Connection>();

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  get stats(): PoolStats {
    const sum = { busy: 0, idle: 0, waiting: 0 };
    for (const lane of this.#lanes.values()) {
      sum.busy += lane.busy.size;
      sum.idle += lane.idle.length;
      sum.waiting += lane.waiting.size;
    }
    return sum;
  }

  /**
   * A connection for one request; to be given back with `release`. Undefined when `signal` aborts first.
   * `fresh` asks for one that has carried nothing yet.
   */
  async acquire(target: Target, tls: TlsOptions, signal: AbortSignal, fresh = false): Promise<Connection | undefined> {
    const key = laneKey(target, tls);
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { busy: new Set(), idle: [], waiting: new Set(), session: undefined };
      this.#lanes.set(key, lane);
    }
    if (!fresh) {
      for (let connection = lane.idle.pop(); connection !== undefined; connection = lane.idle.pop()) {
        if (connection.usable) {
          lane.busy.add(connection);
          return connection;
        }
        connection.drop();
      }
    }
    if (lane.busy.size < this.#options.connectionsPerOrigin) return this.#create(key, lane, target, tls);
    return this.#wait(key, lane, target, tls, signal, fresh);
  }

  /** Takes a connection back: kept when it can carry another request and `keep` is set, else dropped. */
  release(target: Target, tls: TlsOptions, connection: Connection, keep: boolean): void {
    const key = laneKey(target, tls);
    const lane = this.#lanes.get(key);
    if (lane?.busy.delete(connection) !== true) return;
    const usable = keep && connection.usable && !this.#retired.has(connection);
    if (!usable) connection.drop();
    const [next] = lane.waiting;
    if (next !== undefined) {
      lane.waiting.delete(next);
      next.grant(usable ? this.#use(lane, connection) : this.#create(key, lane, target, tls));
    } else if (usable) {
      lane.idle.push(connection);
    }
    this.#forget(key, lane);
  }

  /** No connection that is there now carries another request. */
  retire(): void {
    for (const [key, lane] of this.#lanes) {
      for (const connection of lane.idle.splice(0)) connection.drop();
      for (const connection of lane.busy) this.#retired.add(connection);
      this.#forget(key, lane);
    }
  }

  /** Drops every connection. */
  destroy(): void {
    for (const lane of this.#lanes.values()) {
      for (const connection of [...lane.busy, ...lane.idle]) connection.drop();
    }
    this.#lanes.clear();
  }

  #use(lane: Lane, connection: Connection): Connection {
    lane.busy.add(connection);
    return connection;
  }

  #create(key: string, lane: Lane, target: Target, tls: TlsOptions): Connection {
    const session: ConnectionOptions['session'] = {
      get: () => lane.session,
      set: (fresh) => {
        lane.session = fresh;
      },
    };
    const { resolver, keepAliveMs, maxHeaderBytes, now } = this.#options;
    const connection = new Connection(target, { resolver, tls, session, keepAliveMs, maxHeaderBytes, now });
    connection.client.on('disconnect', () => {
      const at = lane.idle.indexOf(connection);
      if (at === -1) return;
      lane.idle.splice(at, 1);
      connection.drop();
      this.#forget(key, lane);
    });
    return this.#use(lane, connection);
  }

  #wait(
    key: string,
    lane: Lane,
    target: Target,
    tls: TlsOptions,
    signal: AbortSignal,
    fresh: boolean,
  ): Promise<Connection | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<Connection | undefined>();
    const waiter: Waiter = {
      grant: (connection) => {
        signal.removeEventListener('abort', giveUp);
        if (fresh && connection.served > 0) {
          lane.busy.delete(connection);
          connection.drop();
          resolve(this.#create(key, lane, target, tls));
        } else resolve(connection);
      },
    };
    const giveUp = (): void => {
      lane.waiting.delete(waiter);
      resolve(undefined);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    lane.waiting.add(waiter);
    return promise;
  }

  #forget(key: string, lane: Lane): void {
    if (lane.busy.size + lane.idle.length + lane.waiting.size === 0 && this.#lanes.get(key) === lane) {
      this.#lanes.delete(key);
    }
  }
}

function laneKey(target: Target, tls: TlsOptions): string {
  if (target.protocol === 'http:') return target.origin;
  const ca = tls.ca === undefined ? '' : createHash('sha256').update(tls.ca).digest('base64');
  return `${target.origin} ${tls.insecure === true ? 'insecure' : 'verified'} ${ca}`;
}
