import type { FastifyInstance, FastifyRequest } from 'fastify';
import { debugCodes } from '../../crds/errors/debug.ts';
import { fault, PivotError } from '../../crds/errors/fault.ts';
import { type CallSource, readCursor, showCursor } from '../call-source.ts';
import { exchangeIn, storyOf } from '../call-story.ts';
import type { StoredCall } from '../stored-call.ts';
import { summaryOf } from '../summary.ts';
import { DEFAULT_RANGE_MS } from './kazoo.ts';
import { whileWaiting } from './replies.ts';

export interface CallsApiOptions {
  readonly source: CallSource;
  readonly node: string;
  /** Where people see a trace in full; `{traceId}` is replaced. */
  readonly traceUrl?: () => string | undefined;
  /** Rejects with a `PivotError` when whoever asks may not see the account's calls; `undefined` is those of all accounts. */
  readonly authorize: (request: FastifyRequest, account: string | undefined) => Promise<void>;
}

const DEFAULT_PAGE = 100;
const MOST_PAGE = 1000;
/** Clocks differ; and those who ask within a moment ask the same, so that they can share the answer. */
const SLACK_MS = 1000;
const MOMENT_MS = 2000;

interface ListQuery {
  readonly account?: string;
  readonly callflow?: string;
  readonly number?: string;
  readonly caller?: string;
  readonly call_id?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit?: string;
  readonly start?: string;
}

interface OneCall {
  readonly Params: { readonly traceId: string };
  readonly Querystring: { readonly account?: string };
}

/** What the Live Debug page asks: every call, also those that made no request, and each in full. */
export function registerCallsApi(server: FastifyInstance, options: CallsApiOptions): void {
  const { source, node, authorize, traceUrl = () => undefined } = options;
  server.get<{ Querystring: ListQuery }>('/debug/v1/calls', async (request, reply) => {
    const { account, callflow, number, caller, call_id: callId, from, to, limit, start } = request.query;
    await authorize(request, account);
    const until = timeOr('to', to, Math.ceil((Date.now() + SLACK_MS) / MOMENT_MS) * MOMENT_MS);
    const page = await source.list(
      {
        account,
        callflow,
        number,
        caller,
        callId,
        from: timeOr('from', from, until - DEFAULT_RANGE_MS),
        to: until,
        ascending: false,
        limit: limitOf(limit),
        start: startOf(start),
      },
      whileWaiting(reply),
    );
    return {
      calls: page.calls.map(summaryOf),
      ...(page.next === undefined ? {} : { next: showCursor(page.next) }),
    };
  });

  /** The call, if it is one of an account that whoever asks may see; a foreign one is as good as none. */
  const callOf = async (request: FastifyRequest<OneCall>, signal: AbortSignal): Promise<StoredCall> => {
    const { account } = request.query;
    await authorize(request, account);
    const { traceId } = request.params;
    const call = /^[0-9a-f]{32}$/.test(traceId) ? await source.byTraceId(traceId, signal) : undefined;
    if (call !== undefined && (account === undefined || call.account === account)) return call;
    const where = account === undefined ? '' : ` in account "${account}"`;
    throw new PivotError(fault(debugCodes.noCall, `There is no call with the trace "${traceId}"${where}`));
  };

  server.get<OneCall>('/debug/v1/calls/:traceId', async (request, reply) => {
    const call = await callOf(request, whileWaiting(reply));
    const url = traceUrl()?.replaceAll('{traceId}', call.traceId);
    return { ...storyOf(call, node), ...(url === undefined ? {} : { trace_url: url }) };
  });

  server.get<{ Params: OneCall['Params'] & { readonly spanId: string }; Querystring: OneCall['Querystring'] }>(
    '/debug/v1/calls/:traceId/exchanges/:spanId',
    async (request, reply) => {
      const call = await callOf(request, whileWaiting(reply));
      const entry = exchangeIn(call, node, request.params.spanId);
      if (entry === undefined)
        throw new PivotError(fault(debugCodes.noCall, `The call has no exchange "${request.params.spanId}"`));
      return entry;
    },
  );
}

function timeOr(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw refused(`${name} must be a time such as 2026-11-21T12:00:00Z`);
  return time;
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PAGE;
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_PAGE) throw refused(`limit must be 1 to ${MOST_PAGE}`);
  return limit;
}

function startOf(text: string | undefined): ReturnType<typeof readCursor> {
  if (text === undefined) return undefined;
  const start = readCursor(text);
  if (start === undefined) throw refused('start must be the `next` of an earlier answer');
  return start;
}

function refused(message: string): PivotError {
  return new PivotError(fault(debugCodes.badQuery, message));
}
