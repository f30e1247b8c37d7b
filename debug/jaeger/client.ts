import { Agent, request } from 'undici';
import { debugCodes } from '../../crds/errors/debug.ts';
import { fault, PivotError } from '../../crds/errors/fault.ts';

/** A search as Jaeger takes it. */
export interface TraceSearch {
  readonly service: string;
  /** What one span of the trace must have, all of it. */
  readonly tags: Readonly<Record<string, string>>;
  /** Epoch microseconds between which such a span began. */
  readonly startUs: number;
  readonly endUs: number;
  /** Traces, at most. */
  readonly limit: number;
}

/** `too-large`: what Jaeger has for it is more than is read at once. */
export type TracesAnswer = { readonly traces: readonly unknown[] } | 'too-large';

/**
 * Asks Jaeger over the HTTP API that its own page uses: `/api/traces`, which versions 1 and 2 have, and other stores that speak as Jaeger. The
 * newer `/api/v3` names its parameters otherwise from one version to the next, and in the first of them cannot search by attributes.
 */
export interface JaegerClient {
  search(search: TraceSearch, signal: AbortSignal): Promise<TracesAnswer>;
  /** Undefined: Jaeger does not know the trace. */
  trace(traceId: string, signal: AbortSignal): Promise<TracesAnswer | undefined>;
  close(): Promise<void>;
}

export interface JaegerClientOptions {
  /** Base URL of the query service, with the base path if it has one. */
  readonly url: string;
  /** Of one answer, without compression. */
  readonly mostBytes?: number;
  /** For one answer, in milliseconds. */
  readonly timeoutMs?: number;
}

const MOST_BYTES = 32 * 1024 * 1024;
const TIMEOUT_MS = 10_000;
/** Answers are read and parsed so many at a time; others wait for their turn, if they are not too many. */
const AT_ONCE = 3;
const MOST_WAITING = 50;

export function createJaegerClient(options: JaegerClientOptions): JaegerClient {
  const { mostBytes = MOST_BYTES, timeoutMs = TIMEOUT_MS } = options;
  const base = options.url.replace(/\/+$/, '');
  const agent = new Agent({ connections: AT_ONCE, connectTimeout: timeoutMs });
  const turns = new Turns(AT_ONCE, MOST_WAITING);

  const away = (what: string, cause?: unknown): PivotError =>
    new PivotError(fault(debugCodes.jaegerAway, `Jaeger at ${withoutCredentials(base)}: ${what}`), { cause });

  /** The body of a 200; `missing` for a 404. */
  async function get(path: string, signal: AbortSignal): Promise<string | 'too-large' | undefined> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    try {
      const { statusCode, body } = await request(`${base}${path}`, {
        dispatcher: agent,
        signal: limit,
        headers: { accept: 'application/json' },
      });
      // Whatever is not read would hold the connection.
      body.on('error', () => {});
      if (statusCode === 404) {
        await body.dump();
        return undefined;
      }
      if (statusCode !== 200) {
        await body.dump();
        throw away(`it answered ${statusCode}`);
      }
      const chunks: Buffer[] = [];
      let length = 0;
      for await (const chunk of body) {
        length += (chunk as Buffer).length;
        if (length > mostBytes) {
          body.destroy();
          return 'too-large';
        }
        chunks.push(chunk as Buffer);
      }
      return Buffer.concat(chunks).toString();
    } catch (error) {
      if (error instanceof PivotError || signal.aborted) throw error;
      throw away(limit.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(error), error);
    }
  }

  async function traces(path: string, signal: AbortSignal): Promise<TracesAnswer | undefined> {
    const text = await turns.take(() => get(path, signal), signal);
    if (text === undefined || text === 'too-large') return text;
    const { data } = parsed(text) as { data?: unknown };
    if (data === null) return { traces: [] };
    if (!Array.isArray(data))
      throw away('the answer is none of a query service; is it the address of its HTTP port (16686)?');
    return { traces: data };
  }

  function parsed(text: string): object {
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === 'object' && value !== null) return value;
    } catch {
      // Said below.
    }
    throw away('the answer is no JSON; is it the address of its HTTP port (16686)?');
  }

  return {
    async search({ service, tags, startUs, endUs, limit }, signal) {
      const query = new URLSearchParams({
        service,
        tags: JSON.stringify(tags),
        start: String(Math.max(0, Math.floor(startUs))),
        end: String(Math.max(0, Math.ceil(endUs))),
        limit: String(limit),
        // Jaeger changes nothing in it then, such as times that it takes for those of a clock that is wrong.
        raw: 'true',
      });
      return (await traces(`/api/traces?${query}`, signal)) ?? { traces: [] };
    },
    trace: (traceId, signal) => traces(`/api/traces/${traceId}?raw=true`, signal),
    close: () => agent.destroy(),
  };
}

/** Lets a few work at a time. */
class Turns {
  readonly #most: number;
  readonly #mostWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  constructor(most: number, mostWaiting: number) {
    this.#most = most;
    this.#mostWaiting = mostWaiting;
  }

  async take<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#taken >= this.#most) {
      if (this.#waiting.length >= this.#mostWaiting)
        throw new PivotError(fault(debugCodes.tooBusy, `${this.#mostWaiting} questions to Jaeger are waiting already`));
      // Whoever ends gives its turn to the next, so `taken` stays.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#taken += 1;
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#taken -= 1;
      else next();
    }
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : message;
}

function withoutCredentials(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname === '/' ? '' : pathname}`;
}
