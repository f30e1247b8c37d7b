import type { Readable } from 'node:stream';
import { type Dispatcher, request as undiciRequest } from 'undici';
import type { Connection } from './connection.ts';
import { errorOfAnswer, errorOfThrown, KubeError } from './kube-error.ts';

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the server's root, encoded: see `pathOf`. */
  readonly path: string;
  /** Entries that are undefined are left out. */
  readonly query?: Readonly<Record<string, string | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Of the body; `application/json` unless given. */
  readonly contentType?: string;
  /** Ends the request, and the stream of its answer. */
  readonly signal: AbortSignal;
}

export interface TransportOptions {
  readonly connection: Connection;
  readonly userAgent: string;
  /** How long an answer may take to begin. Milliseconds, 30 s unless given. */
  readonly headersTimeoutMs?: number;
  /** How long the body of an answer other than a watch may pause. Milliseconds, 30 s unless given. */
  readonly bodyTimeoutMs?: number;
  /** Bytes that an answer may have; 512 MiB unless given (a list of 100,000 objects has about 100). */
  readonly answerLimit?: number;
}

const TIMEOUT_MS = 30_000;
const ANSWER_LIMIT = 512 * 1024 * 1024;
/** Bytes of an error's body that are read. */
const ERROR_LIMIT = 64 * 1024;

/**
 * Requests to one API server over pooled connections. Answers other than 2xx, broken connections and answers that are not JSON become
 * {@link KubeError}s; an aborted signal's reason is thrown as it is. Repeats a request only after 401, once, with new credentials.
 */
export class KubeTransport {
  readonly #connection: Connection;
  readonly #options: Required<Omit<TransportOptions, 'connection'>>;

  constructor({ connection, ...options }: TransportOptions) {
    this.#connection = connection;
    this.#options = {
      userAgent: options.userAgent,
      headersTimeoutMs: options.headersTimeoutMs ?? TIMEOUT_MS,
      bodyTimeoutMs: options.bodyTimeoutMs ?? TIMEOUT_MS,
      answerLimit: options.answerLimit ?? ANSWER_LIMIT,
    };
  }

  get server(): string {
    return this.#connection.server;
  }

  /** Namespace of the kubeconfig's context, or the pod's own. */
  get namespace(): string | undefined {
    return this.#connection.namespace;
  }

  /** Asks, and parses the whole answer. */
  async json(request: KubeRequest): Promise<unknown> {
    const what = describe(request);
    const body = await this.#ask(request, this.#options.bodyTimeoutMs);
    let text: string;
    try {
      text = await readText(body, this.#options.answerLimit);
    } catch (error) {
      throw errorOfThrown(what, error, request.signal);
    }
    try {
      return JSON.parse(text);
    } catch {
      throw new KubeError('malformed', `${what}: the answer of ${text.length} characters is not JSON`);
    }
  }

  /** Asks, and hands out the answer's body as it comes, without any deadline. Destroy it when it is no longer wanted. */
  stream(request: KubeRequest): Promise<Readable> {
    return this.#ask(request, 0);
  }

  /** Breaks all connections; every pending request fails. */
  close(): Promise<void> {
    return this.#connection.close();
  }

  async #ask(request: KubeRequest, bodyTimeout: number): Promise<Readable> {
    const what = describe(request);
    for (let attempt = 1; ; attempt++) {
      let answer: Dispatcher.ResponseData;
      try {
        answer = await this.#send(request, bodyTimeout);
        if (answer.statusCode >= 200 && answer.statusCode <= 299) return answer.body;
        const text = await readText(answer.body, ERROR_LIMIT).catch(() => '');
        request.signal.throwIfAborted();
        const error = errorOfAnswer(what, answer.statusCode, answer.headers, text);
        if (error.kind !== 'unauthorized' || attempt > 1) throw error;
        this.#connection.forget(); // A token that was rotated: once more with the new one.
      } catch (error) {
        throw errorOfThrown(what, error, request.signal);
      }
    }
  }

  async #send(request: KubeRequest, bodyTimeout: number): Promise<Dispatcher.ResponseData> {
    const { method, path, query = {}, body, contentType = 'application/json', signal } = request;
    signal.throwIfAborted();
    const { dispatcher, headers } = await this.#connection.open();
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, value);
    const question = search.size === 0 ? '' : `?${search}`;
    return undiciRequest(`${this.#connection.server}${path}${question}`, {
      dispatcher,
      method,
      headers: {
        ...headers,
        'user-agent': this.#options.userAgent,
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': contentType }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      headersTimeout: this.#options.headersTimeoutMs,
      bodyTimeout,
      signal,
    });
  }
}

function describe({ method, path }: KubeRequest): string {
  return `${method} ${path}`;
}

async function readText(body: Readable, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new KubeError('malformed', `the answer is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size).toString('utf8');
}
