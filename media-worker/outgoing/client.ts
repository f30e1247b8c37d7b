import { type CodeEntry, type Fault, fault } from '../../crds/errors/fault.ts';
import { webhookCodes } from '../../crds/errors/webhook.ts';
import type { RetryOn } from '../../crds/resources.ts';
import type { Connection } from './connection.ts';
import { ACCEPT_ENCODING, decodeBody } from './decode.ts';
import { type Failure, failureOf, timeoutFailure } from './failure.ts';
import { type AddressPolicyOptions, createAddressPolicy } from './policy.ts';
import { Pool } from './pool.ts';
import { isRedirect, MAX_REDIRECTS, type Method, redirectedMethod } from './redirect.ts';
import { createResolver, type LookupAll, systemLookup } from './resolver.ts';
import { type Reply, type Response, send } from './send.ts';
import type {
  Outgoing,
  OutgoingRequest,
  OutgoingResponse,
  OutgoingResult,
  RedirectHop,
  Timings,
  Trail,
} from './types.ts';
import { parseTarget, redactUrl, type Target, withoutQuery } from './url.ts';

/** Bytes of a response's body where the request sets no limit; what spec pivot-behaviour 8.2 P15 gives a webhook. */
const DEFAULT_MAX_BYTES = 256 * 1024;

export interface OutgoingOptions {
  readonly policy: AddressPolicyOptions;
  /** Connections to one origin at once. Default 128: calls to one slow host wait for each other only past that. */
  readonly connectionsPerOrigin?: number;
  /** Milliseconds that an idle connection is kept where the server gives no hint. Default 4000. */
  readonly keepAliveMs?: number;
  /** Bytes of response headers and trailers. Default 16 KiB. */
  readonly maxHeaderBytes?: number;
  /** Resolves names; `getaddrinfo` unless given. */
  readonly lookup?: LookupAll;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

/** Makes the HTTP client of the process. Throws a `RangeError` on a malformed entry of the policy's lists. */
export function createOutgoing(options: OutgoingOptions): Outgoing {
  const now = options.now ?? ((): number => performance.now());
  let policy = createAddressPolicy(options.policy);
  const resolver = createResolver(() => policy, options.lookup ?? systemLookup());
  const pool = new Pool({
    resolver,
    connectionsPerOrigin: options.connectionsPerOrigin ?? 128,
    keepAliveMs: options.keepAliveMs ?? 4000,
    maxHeaderBytes: options.maxHeaderBytes ?? 16 * 1024,
    now,
  });
  const underWay = new Set<Journey>();
  let closed = false;
  return {
    async request(request) {
      request.signal?.throwIfAborted();
      const journey = new Journey(request, pool, now);
      if (closed) return journey.fail({ fault: closedFault(), retryOn: [] });
      underWay.add(journey);
      try {
        return await journey.run();
      } finally {
        underWay.delete(journey);
      }
    },
    resolve: (hostname) => resolver.resolve(hostname),
    setPolicy(next) {
      policy = createAddressPolicy(next);
      pool.retire();
    },
    get stats() {
      return pool.stats;
    },
    async close() {
      closed = true;
      const ending = [...underWay].map((journey) => journey.close());
      await Promise.all(ending);
      pool.destroy();
    },
  };
}

function closedFault(): Fault {
  return fault(webhookCodes.closed, 'the media worker is shutting down');
}

type Ending = 'deadline' | 'caller' | 'closed';

/** One request from its first hop to its result. */
class Journey {
  readonly #request: OutgoingRequest;
  readonly #pool: Pool;
  readonly #now: () => number;
  readonly #started: number;
  readonly #ended = new AbortController();
  readonly #done = Promise.withResolvers<void>();
  #ending: Ending | undefined;
  readonly #redirects: RedirectHop[] = [];
  #method: Method;
  #url: string;
  #body: OutgoingRequest['body'];
  #sent: Readonly<Record<string, string>> = {};
  #peer: Trail['peer'];
  #reused = false;
  #seen: Response | undefined;
  #stages: Omit<Timings, 'totalMs'> = {};
  /** Still at the first origin, where custom headers may go. */
  #home = true;

  constructor(request: OutgoingRequest, pool: Pool, now: () => number) {
    this.#request = request;
    this.#pool = pool;
    this.#now = now;
    this.#started = now();
    this.#method = request.method;
    this.#url = redactUrl(request.url);
    this.#body = request.body;
  }

  async run(): Promise<OutgoingResult> {
    const { signal, timeoutMs } = this.#request;
    const timer = setTimeout(() => this.#end('deadline'), timeoutMs);
    const onAbort = (): void => this.#end('caller');
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const result = await this.#travel();
      if (this.#ending === 'caller') throw signal?.reason;
      return result;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      this.#done.resolve();
    }
  }

  /** Ends the request with PV-1247; resolves when it has ended. */
  close(): Promise<void> {
    this.#end('closed');
    return this.#done.promise;
  }

  fail({ fault: theFault, retryOn }: { fault: Fault; retryOn: readonly RetryOn[] }): OutgoingResult {
    return { ok: false, fault: theFault, retryOn, trail: this.#trail() };
  }

  #end(ending: Ending): void {
    this.#ending ??= ending;
    this.#ended.abort();
  }

  #trail(): Trail {
    return {
      url: this.#url,
      method: this.#method,
      redirects: this.#redirects,
      timings: { ...this.#stages, totalMs: this.#now() - this.#started },
      ...(this.#peer === undefined ? {} : { peer: this.#peer }),
      reused: this.#reused,
      sent: this.#sent,
      ...(this.#seen === undefined ? {} : { unusable: responseOf(this.#seen, this.#seen.body) }),
    };
  }

  async #travel(): Promise<OutgoingResult> {
    const first = parseTarget(this.#request.url);
    if (!first.ok) return this.fail({ fault: first.fault, retryOn: [] });
    const firstTarget = first.target;
    const visited = new Set<string>();
    let target = firstTarget;
    for (;;) {
      this.#url = target.href;
      visited.add(`${this.#method} ${target.href}`);
      if (this.#ended.signal.aborted) return this.fail(this.#outOfTime('open', target, false));
      const sent = await this.#hop(target, firstTarget);
      if (!sent.ok) return this.fail(this.#redirects.length === 0 ? sent.failure : afterRedirect(sent.failure));
      const { reply } = sent;
      this.#stages = { ...this.#stages, firstByteMs: reply.firstByteMs };
      this.#request.cookies?.store(target.href, listOf(reply.headers['set-cookie']));
      if (!isRedirect(reply.status)) return this.#finish(reply);
      const location = listOf(reply.headers['location'])[0];
      const next = location === undefined ? undefined : parseTarget(latin1ToUtf8(location), target.href);
      if (next?.ok !== true) {
        const message =
          next === undefined
            ? `${withoutQuery(target.href)} answered ${reply.status} without a Location`
            : `${withoutQuery(target.href)} answered ${reply.status} with an unusable Location: ${next.fault.message}`;
        return this.fail({ fault: fault(webhookCodes.badRedirect, message), retryOn: [] });
      }
      this.#redirects.push({ status: reply.status, from: target.href, to: next.target.href });
      const { method, keepBody } = redirectedMethod(reply.status, this.#method);
      if (this.#redirects.length > MAX_REDIRECTS) {
        const round = visited.has(`${method} ${next.target.href}`);
        const entry: CodeEntry = round ? webhookCodes.redirectLoop : webhookCodes.tooManyRedirects;
        const message = `more than ${MAX_REDIRECTS} redirects, the last from ${withoutQuery(target.href)} to ${withoutQuery(next.target.href)}`;
        return this.fail({ fault: fault(entry, message), retryOn: [] });
      }
      if (next.target.origin !== firstTarget.origin) this.#home = false;
      this.#method = method;
      if (!keepBody) this.#body = undefined;
      target = next.target;
    }
  }

  /** One message to one origin, repeated once where a kept connection turns out to be dead. */
  async #hop(
    target: Target,
    first: Target,
  ): Promise<{ ok: true; reply: Extract<Reply, { kind: 'response' }> } | { ok: false; failure: Failure }> {
    const { maxBytes = DEFAULT_MAX_BYTES, replayable } = this.#request;
    // Exceptions made for the first origin are not another's.
    const tls = (this.#home ? this.#request.tls : undefined) ?? {};
    const mayRepeat = replayable ?? (this.#method === 'GET' || this.#method === 'HEAD');
    const signal = this.#ended.signal;
    this.#sent = this.#headersFor(target, first);
    this.#seen = undefined;
    for (let fresh = false; ; fresh = true) {
      const connection = await this.#pool.acquire(target, tls, signal, fresh);
      if (connection === undefined) return { ok: false, failure: this.#outOfTime(undefined, target, false) };
      const reused = connection.served > 0;
      connection.served += 1;
      const body = typeof this.#body === 'function' ? this.#body() : this.#body;
      const message = { method: this.#method, path: target.path, headers: this.#sent, body };
      const reply = await send(connection, message, maxBytes, signal, this.#now);
      this.#note(connection, reused);
      this.#pool.release(target, tls, connection, reply.kind === 'response' && !reply.partial);
      switch (reply.kind) {
        case 'response':
          if (this.#ending === 'closed') return { ok: false, failure: { fault: closedFault(), retryOn: [] } };
          return { ok: true, reply };
        case 'too-large':
          this.#seen = reply.seen;
          return { ok: false, failure: { fault: reply.fault, retryOn: [] } };
        case 'aborted':
          this.#seen = reply.seen;
          return { ok: false, failure: this.#outOfTime(connection.stage, target, reply.seen !== undefined) };
        case 'error': {
          this.#seen = reply.seen;
          const failure = failureOf(reply.error, connection.stage, target, reply.seen !== undefined);
          if (reused && !fresh && mayRepeat && failure.fault.code === webhookCodes.lost.code) continue;
          return { ok: false, failure };
        }
      }
    }
  }

  #outOfTime(stage: Connection['stage'] | undefined, target: Target, sawHeaders: boolean): Failure {
    if (this.#ending === 'closed') return { fault: closedFault(), retryOn: [] };
    return timeoutFailure(stage, target, this.#request.timeoutMs, sawHeaders);
  }

  #note(connection: Connection, reused: boolean): void {
    this.#reused = reused;
    this.#peer = connection.peer;
    this.#stages = reused ? {} : { ...connection.timings };
  }

  #headersFor(target: Target, first: Target): Readonly<Record<string, string>> {
    const { headers = {}, originHeaders = {}, sign, cookies } = this.#request;
    const cookie = cookies?.header(target.href);
    const body = typeof this.#body === 'function' ? undefined : this.#body;
    const credentials = target.authorization ?? (this.#home ? first.authorization : undefined);
    const all: Record<string, string> = {};
    const add = (fields: Readonly<Record<string, string>>): void => {
      for (const [name, value] of Object.entries(fields)) all[name.toLowerCase()] = value;
    };
    add({ 'accept-encoding': ACCEPT_ENCODING });
    add(headers);
    if (this.#home) add(originHeaders);
    if (credentials !== undefined && all['authorization'] === undefined) add({ authorization: credentials });
    if (cookie !== undefined) add({ cookie });
    if (this.#home && sign !== undefined) add(sign({ method: this.#method, url: target.href, body }));
    if (this.#body === undefined) {
      delete all['content-type'];
      delete all['content-length'];
    }
    return all;
  }

  async #finish(reply: Extract<Reply, { kind: 'response' }>): Promise<OutgoingResult> {
    const { maxBytes = DEFAULT_MAX_BYTES } = this.#request;
    const encoding = listOf(reply.headers['content-encoding']).join(', ');
    let { body } = reply;
    if (encoding !== '') {
      const decoded = await decodeBody(reply.body, encoding, maxBytes);
      if (decoded.ok) ({ body } = decoded);
      // The status says enough where it is no success.
      else if (reply.status < 300) {
        this.#seen = { ...reply, partial: true };
        return this.fail({ fault: decoded.fault, retryOn: [] });
      } else body = Buffer.alloc(0);
    }
    return { ok: true, response: responseOf(reply, body), trail: this.#trail() };
  }
}

function responseOf({ status, headers, partial, body: wire }: Response, body: Buffer): OutgoingResponse {
  return { status, headers, body, partial, wireBytes: wire.length };
}

/** The policy's refusal of a redirect's target has its own code: the cure is with the web server, not with the setting. */
function afterRedirect(failure: Failure): Failure {
  const refusals: readonly string[] = [
    webhookCodes.addressForbidden.code,
    webhookCodes.addressPrivate.code,
    webhookCodes.addressDenied.code,
  ];
  if (!refusals.includes(failure.fault.code)) return failure;
  return {
    fault: fault(webhookCodes.redirectForbidden, `the redirect is not followed: ${failure.fault.message}`),
    retryOn: [],
  };
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

/** Header bytes come as Latin-1; servers that write UTF-8 into Location mean it. */
function latin1ToUtf8(text: string): string {
  return /[\x80-\xff]/.test(text) ? Buffer.from(text, 'latin1').toString('utf8') : text;
}
