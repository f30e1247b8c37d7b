/** The least that any operator does: lists one kind and follows it. What ours costs beyond that is ours. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';

/** What of an object the benchmark looks at. */
export interface Seen {
  readonly metadata: { readonly name: string; readonly generation: number; readonly resourceVersion: string };
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly observedGeneration?: number;
    }[];
  };
}

export interface WatchOptions {
  readonly url: string;
  readonly caFile: string;
  readonly token: string;
  /** Path of the collection, without a query. */
  readonly path: string;
}

/** A list followed by a watch that is never taken up again: for the minutes of a benchmark. */
export class BareWatch {
  readonly #objects = new Map<string, Seen>();
  readonly #agent: Agent;
  readonly #options: WatchOptions;
  readonly #listeners = new Set<(object: Seen, at: number) => void>();
  #events = 0;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, ca: readFileSync(options.caFile) });
  }

  get objects(): ReadonlyMap<string, Seen> {
    return this.#objects;
  }

  /** Changes since the list. */
  get events(): number {
    return this.#events;
  }

  /** Lists and begins to watch. Resolves with how long listing and parsing took, in milliseconds. */
  async start(): Promise<number> {
    const begun = performance.now();
    let next = '';
    let version = '';
    do {
      const page = (await this.#get(`?limit=500${next}`)) as {
        readonly items: readonly Seen[];
        readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
      };
      for (const one of page.items) this.#objects.set(one.metadata.name, one);
      version = page.metadata.resourceVersion;
      next = page.metadata.continue ? `&continue=${encodeURIComponent(page.metadata.continue)}` : '';
    } while (next !== '');
    const took = performance.now() - begun;
    this.#watch(version);
    return took;
  }

  /** The first time at which every object that is asked for fits. Rejects after `limitMs`. */
  until(fits: (objects: ReadonlyMap<string, Seen>) => boolean, limitMs: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const done = (result: () => void): void => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        result();
      };
      const look = (_object: Seen | undefined, at: number): void => {
        if (fits(this.#objects)) done(() => resolve(at));
      };
      const timer = setTimeout(() => done(() => reject(new Error(`not within ${limitMs} ms`))), limitMs);
      this.#listeners.add(look);
      look(undefined, performance.now());
    });
  }

  /** The next event that fits. */
  next(fits: (object: Seen) => boolean, limitMs: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const done = (result: () => void): void => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        result();
      };
      const look = (object: Seen, at: number): void => {
        if (fits(object)) done(() => resolve(at));
      };
      const timer = setTimeout(() => done(() => reject(new Error(`not within ${limitMs} ms`))), limitMs);
      this.#listeners.add(look);
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  #watch(version: string): void {
    const query = `?watch=1&resourceVersion=${version}&allowWatchBookmarks=true&timeoutSeconds=1800`;
    this.#request(query, (response) => {
      const lines = createInterface({ input: response });
      for (const one of [response, lines]) one.on('error', () => {}); // Its end is the benchmark's.
      lines.on('line', (line) => {
        const at = performance.now();
        const { type, object } = JSON.parse(line) as { readonly type: string; readonly object: Seen };
        if (type !== 'ADDED' && type !== 'MODIFIED') return;
        this.#events++;
        this.#objects.set(object.metadata.name, object);
        for (const listener of [...this.#listeners]) listener(object, at);
      });
    });
  }

  #get(query: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#request(query, (response) => {
        const parts: Buffer[] = [];
        response
          .on('data', (part: Buffer) => parts.push(part))
          .once('end', () => resolve(JSON.parse(Buffer.concat(parts).toString())));
      }).once('error', reject);
    });
  }

  #request(query: string, taken: (response: import('node:http').IncomingMessage) => void) {
    const { url, path, token } = this.#options;
    const sent = request(
      `${url}${path}${query}`,
      { agent: this.#agent, headers: { authorization: `Bearer ${token}`, accept: 'application/json' } },
      taken,
    );
    sent.on('error', () => {}); // The end of the benchmark.
    sent.end();
    return sent;
  }
}
