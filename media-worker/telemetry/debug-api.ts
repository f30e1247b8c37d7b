import { createHash, randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { debugId, entriesOf, epochMs, rowOf } from './debug-entries.ts';
import { ROOT_SPAN, type SpanNews, type StoredCall, type TraceStore } from './trace-store.ts';

export interface DebugApiOptions {
  readonly store: TraceStore;
  /** This worker's name, in each entry. */
  readonly node: string;
}

const DEFAULT_PAGE = 50;
const MOST_PAGE = 1000;
/** Kazoo's default range: 31 days and an hour. */
const DEFAULT_RANGE_MS = (31 * 24 + 1) * 3_600_000;
const KEEP_ALIVE_MS = 15_000;

interface ListQuery {
  readonly page_size?: string;
  readonly start_key?: string;
  readonly created_from?: string;
  readonly created_to?: string;
  readonly ascending?: string;
  readonly callflow?: string;
}

/**
 * Kazoo's debug API over the calls in memory: a list of calls that made requests, and one call's exchanges; beside them a live stream of
 * one call's spans, which `pivot call` reads.
 */
export function registerDebugApi(server: FastifyInstance, { store, node }: DebugApiOptions): void {
  server.get<{ Params: { account: string }; Querystring: ListQuery }>(
    '/v2/accounts/:account/pivot/debug',
    async ({ params, query }, reply) => {
      const now = Date.now();
      const to = numberOr(query.created_to, (value) => epochMs(value), now);
      const from = numberOr(query.created_from, (value) => epochMs(value), to - DEFAULT_RANGE_MS);
      if (from > to) return refuse(reply, 400, 'created_from is later than created_to');
      const size = Math.min(Math.max(numberOr(query.page_size, Math.trunc, DEFAULT_PAGE), 1), MOST_PAGE);
      const calls = [...store.calls()].filter(
        (call) => call.account === params.account && call.startedAt >= from && call.startedAt <= to + 999,
      );
      if (query.ascending === 'true') calls.reverse();
      const rows = calls
        .flatMap((call) => rowOf(call, node) ?? [])
        .filter((row) => matches(row.callflow, query.callflow));
      const found = rows.findIndex((row) => row.debug_id === query.start_key);
      // A call that has been forgotten since was older than all that are left.
      const forgotten = query.start_key === undefined || query.ascending === 'true' ? 0 : rows.length;
      const start = found < 0 ? forgotten : found;
      const page = rows.slice(start, start + size);
      const next = rows[start + size];
      return {
        ...envelope(page),
        page_size: page.length,
        ...(next === undefined ? {} : { next_start_key: next.debug_id }),
      };
    },
  );

  server.get<{ Params: { account: string; id: string } }>(
    '/v2/accounts/:account/pivot/debug/:id',
    async ({ params }, reply) => {
      const call = find(store, params.account, params.id);
      if (call === undefined)
        return refuse(reply, 404, `There is no call "${params.id}" in account "${params.account}"`);
      const entries = entriesOf(call, node);
      // By call id the newest comes first; by debug_id the oldest (Kazoo).
      return envelope(params.id === call.callId ? entries.reverse() : entries);
    },
  );

  server.get<{ Params: { account: string; id: string } }>(
    '/v2/accounts/:account/pivot/debug/:id/events',
    async ({ params }, reply) => {
      const call = find(store, params.account, params.id);
      if (call === undefined)
        return refuse(reply, 404, `There is no call "${params.id}" in account "${params.account}"`);
      reply.hijack();
      streamSpans(store, call, reply);
      return reply;
    },
  );
}

/** Server-sent events: what has happened so far, then what happens, until the call is over. */
function streamSpans(store: TraceStore, call: StoredCall, reply: FastifyReply): void {
  const { raw } = reply;
  raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  let finished = false;
  const send = ({ type, span }: Pick<SpanNews, 'type' | 'span'>): void => {
    // CDR callbacks come after the end of the call.
    if (finished) return;
    raw.write(`event: ${type}\ndata: ${JSON.stringify(span)}\n\n`);
    if (span.name === ROOT_SPAN && type === 'end') finish();
  };
  const keepAlive = setInterval(() => {
    if (store.call(call.callId)?.traceId !== call.traceId) finish();
    else raw.write(': still here\n\n');
  }, KEEP_ALIVE_MS);
  const finish = (): void => {
    finished = true;
    clearInterval(keepAlive);
    stop();
    raw.end();
  };
  const stop = store.watch((news) => {
    if (news.traceId === call.traceId) send(news);
  });
  raw.on('close', finish);
  raw.on('error', finish);
  for (const news of history(call)) send(news);
}

/** What has happened in a call so far, in the order in which it did. */
function history(call: StoredCall): Pick<SpanNews, 'type' | 'span'>[] {
  const spans = new Map(call.spans.map((span) => [span.spanId, span]));
  return call.order.flatMap(({ type, spanId }) => {
    const span = spans.get(spanId);
    return span === undefined ? [] : [{ type, span }];
  });
}

function find(store: TraceStore, account: string, id: string): StoredCall | undefined {
  const callId = /^\d{6}-/.test(id) && store.call(id) === undefined ? id.slice(7) : id;
  const call = store.call(callId);
  if (call === undefined || call.account !== account) return undefined;
  return callId === id || debugId(call) === id ? call : undefined;
}

function matches(callflow: string, wanted: string | undefined): boolean {
  return wanted === undefined || callflow === wanted || callflow.endsWith(`/${wanted}`);
}

function numberOr(text: string | undefined, convert: (value: number) => number, otherwise: number): number {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return otherwise;
  return convert(Number(text));
}

/** Kazoo's envelope. There is no token to show here. */
function envelope(data: readonly unknown[]): Readonly<Record<string, unknown>> {
  const revision = createHash('sha256').update(JSON.stringify(data)).digest('hex').slice(0, 16);
  return { data, page_size: data.length, request_id: randomUUID(), revision, status: 'success', auth_token: '' };
}

function refuse(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply
    .code(status)
    .send({ data: { message }, error: String(status), message, status: 'error', request_id: randomUUID() });
}
