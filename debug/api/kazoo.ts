import { createHash, randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { debugCodes } from '../../crds/errors/debug.ts';
import { fault, PivotError } from '../../crds/errors/fault.ts';
import { type CallSource, readCursor, showCursor } from '../call-source.ts';
import { attempts, debugId, entriesOf, epochMs, gregorianSeconds, rowOf } from '../entries.ts';
import type { StoredCall } from '../stored-call.ts';
import { whileWaiting } from './replies.ts';

export interface KazooApiOptions {
  readonly source: CallSource;
  /** Name of the process that had the calls, for those whose trace does not say. */
  readonly node: string;
  /** Rejects with a `PivotError` when whoever asks may not see the account's calls. */
  readonly authorize: (request: FastifyRequest, account: string) => Promise<void>;
}

const JSON_TYPE = 'application/json; charset=utf-8';
const DEFAULT_PAGE = 50;
const MOST_PAGE = 1000;
/** Kazoo's default range: 31 days and an hour. */
export const DEFAULT_RANGE_MS = (31 * 24 + 1) * 3_600_000;
/** Clocks differ, and a Gregorian second is as long as a second. */
const SLACK_MS = 1000;

interface ListQuery {
  readonly page_size?: string;
  readonly start_key?: string;
  readonly created_from?: string;
  readonly created_to?: string;
  readonly ascending?: string;
  readonly callflow?: string;
}

interface OneCall {
  readonly account: string;
  readonly id: string;
}

/** Kazoo's debug API: a list of calls that made requests, and one call's exchanges. */
export function registerKazooApi(server: FastifyInstance, { source, node, authorize }: KazooApiOptions): void {
  server.get<{ Params: { account: string }; Querystring: ListQuery }>(
    '/v2/accounts/:account/pivot/debug',
    async (request, reply) => {
      const { params, query } = request;
      await authorize(request, params.account);
      const { from, to } = rangeOf(query);
      const { calls, next } = await source.list(
        {
          account: params.account,
          callflow: query.callflow,
          from,
          to,
          ascending: query.ascending === 'true',
          limit: pageSizeOf(query.page_size),
          start: startOf(query.start_key),
          keep: (call) => attempts(call).length > 0,
        },
        whileWaiting(reply),
      );
      const rows = calls.flatMap((call) => rowOf(call, node) ?? []);
      const more = next === undefined ? {} : { next_start_key: showCursor(next) };
      return reply.type(JSON_TYPE).send(envelope(rows, more));
    },
  );

  server.get<{ Params: OneCall }>('/v2/accounts/:account/pivot/debug/:id', async (request, reply) => {
    const { account, id } = request.params;
    await authorize(request, account);
    const call = await findCall(source, request.params, whileWaiting(reply));
    const entries = entriesOf(call, node);
    // By call id the newest comes first; by debug_id the oldest (Kazoo).
    return reply.type(JSON_TYPE).send(envelope(id === call.callId ? entries.reverse() : entries));
  });
}

/** By Call-ID, else by `debug_id`; rejects with `PV-2202`. */
export async function findCall(source: CallSource, { account, id }: OneCall, signal: AbortSignal): Promise<StoredCall> {
  const now = Date.now() + SLACK_MS;
  const known = await source.byCallId(account, id, { from: now - DEFAULT_RANGE_MS, to: now }, signal);
  if (known !== undefined) return known;
  const [, year, month, callId] = /^(\d{4})(0[1-9]|1[0-2])-(.+)$/.exec(id) ?? [];
  if (callId !== undefined) {
    const [from, to] = [Date.UTC(Number(year), Number(month) - 1), Date.UTC(Number(year), Number(month)) - 1];
    const call = await source.byCallId(account, callId, { from, to }, signal);
    if (call !== undefined && debugId(call) === id) return call;
  }
  throw new PivotError(fault(debugCodes.noCall, `There is no call "${id}" in account "${account}"`));
}

function rangeOf(query: ListQuery): { from: number; to: number } {
  const to = query.created_to === undefined ? Date.now() + SLACK_MS : secondsOf('created_to', query.created_to) + 999;
  const from = query.created_from === undefined ? to - DEFAULT_RANGE_MS : secondsOf('created_from', query.created_from);
  if (from > to) throw refused('created_from is later than created_to');
  return { from, to };
}

function secondsOf(name: string, text: string): number {
  if (!/^\d{1,12}$/.test(text) || Number(text) < gregorianSeconds(0))
    throw refused(
      `${name} must be Gregorian seconds (seconds since the year 0), such as ${gregorianSeconds(Date.now())}`,
    );
  return epochMs(Number(text));
}

function startOf(text: string | undefined): ReturnType<typeof readCursor> {
  if (text === undefined) return undefined;
  const start = readCursor(text);
  if (start === undefined) throw refused('start_key must be the next_start_key of an earlier answer');
  return start;
}

/** As Kazoo, takes what is nonsense for the default. */
function pageSizeOf(text: string | undefined): number {
  if (text === undefined || !/^\d{1,6}$/.test(text)) return DEFAULT_PAGE;
  return Math.min(Math.max(Number(text), 1), MOST_PAGE);
}

function refused(message: string): PivotError {
  return new PivotError(fault(debugCodes.badQuery, message));
}

/** Kazoo's envelope, as text: the data may be large, and are made JSON once. There is no token to show here. */
function envelope(data: readonly unknown[], more: Readonly<Record<string, unknown>> = {}): string {
  const json = JSON.stringify(data);
  const revision = createHash('sha256').update(json).digest('hex').slice(0, 16);
  const rest = {
    page_size: data.length,
    request_id: randomUUID(),
    revision,
    status: 'success',
    auth_token: '',
    ...more,
  };
  return `{"data":${json},${JSON.stringify(rest).slice(1)}`;
}
