import { debugCodes } from '../../crds/errors/debug.ts';
import { fault, PivotError } from '../../crds/errors/fault.ts';
import {
  type CallPage,
  type CallQuery,
  type CallSource,
  type Cursor,
  compareCursors,
  cursorOf,
  matchesQuery,
} from '../call-source.ts';
import type { StoredCall } from '../stored-call.ts';
import type { JaegerClient } from './client.ts';
import { readTrace } from './read-trace.ts';

export interface JaegerSourceOptions {
  readonly client: JaegerClient;
  /** `service.name` of the media workers. */
  readonly service: string;
}

/**
 * Jaeger searches by the start of a span that has the tags, a moment after that of the call, and gives the newest traces first by that, or by when
 * they were first sent to it, every second. So of what is older than the last of an answer by less, some may be missing.
 */
const SLACK_US = 1_500_000;
/** Asked for beyond a page, so that one search is mostly enough. */
const MORE = 10;
/** Traces of one search: with bodies, each may have some hundred kilobytes. */
const MOST_TRACES = 1500;
/** Searches for one page, each further back. */
const MOST_ROUNDS = 8;

/** The calls whose traces are in Jaeger. A call is found as soon as it has been routed, or refused. */
export function createJaegerSource({ client, service }: JaegerSourceOptions): CallSource {
  const isOurs = (name: string): boolean => name === service;
  const read = (traces: readonly unknown[]): StoredCall[] => traces.flatMap((one) => readTrace(one, isOurs) ?? []);

  /** The newest calls of a range, at most so many; fewer where their traces are too large to be read at once. */
  async function newest(
    query: Searched,
    range: { readonly startUs: number; readonly endUs: number },
    most: number,
    signal: AbortSignal,
  ): Promise<{ calls: StoredCall[]; all: boolean }> {
    const tags = tagsOf(query);
    for (let limit = Math.min(most, MOST_TRACES); limit >= 1; limit = Math.floor(limit / 3)) {
      const answer = await client.search({ service, tags, ...range, limit }, signal);
      if (answer !== 'too-large') return { calls: read(answer.traces), all: answer.traces.length < limit };
    }
    throw tooMuch('One call alone has a larger trace than is read at once');
  }

  async function list(query: CallQuery, signal: AbortSignal): Promise<CallPage> {
    const { limit, start } = query;
    const startUs = query.from * 1000;
    let endUs = query.to * 1000;
    if (start !== undefined) endUs = Math.min(endUs, start.startedUs);
    const found = new Map<string, { readonly call: StoredCall; readonly cursor: Cursor }>();
    let depth = limit + MORE;
    let horizonUs = endUs;
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const { calls, all } = await newest(query, { startUs, endUs: endUs + SLACK_US }, depth, signal);
      let oldestUs = endUs + SLACK_US;
      for (const call of calls) {
        const cursor = cursorOf(call);
        oldestUs = Math.min(oldestUs, cursor.startedUs);
        if (start !== undefined && compareCursors(cursor, start) > 0) continue;
        if (matchesQuery(call, query)) found.set(call.traceId, { call, cursor });
      }
      const sorted = [...found.values()].sort((a, b) => compareCursors(b.cursor, a.cursor));
      if (all || calls.length === 0) return pageOf(sorted, limit);
      horizonUs = oldestUs + SLACK_US;
      const certain = sorted.filter(({ cursor }) => cursor.startedUs > horizonUs);
      if (certain.length > limit) return pageOf(certain, limit);
      // Many calls within one moment: only a deeper search comes past them.
      if (oldestUs >= endUs - SLACK_US) depth = Math.min(depth * 3, MOST_TRACES);
      endUs = Math.min(endUs, oldestUs);
    }
    // Few calls fit, or very many began at once: the page may be short, and goes on from there.
    const sorted = [...found.values()].sort((a, b) => compareCursors(b.cursor, a.cursor));
    const page = pageOf(sorted, limit);
    return { ...page, next: page.next ?? { startedUs: Math.min(endUs, horizonUs), traceId: 'f'.repeat(32) } };
  }

  /** Jaeger searches from the newest on, so all of the range has to be read to find the oldest. */
  async function oldestFirst(query: CallQuery, signal: AbortSignal): Promise<CallPage> {
    const { from, to, limit, start } = query;
    const range = { startUs: Math.max(from * 1000, start?.startedUs ?? 0), endUs: to * 1000 + SLACK_US };
    const { calls, all } = await newest(query, range, MOST_TRACES, signal);
    if (!all)
      throw tooMuch(
        `The range has more than ${calls.length} calls, too many to find the oldest; give a shorter one with created_to`,
      );
    const inOrder = calls
      .filter((call) => matchesQuery(call, query))
      .map((call) => ({ call, cursor: cursorOf(call) }))
      .filter(({ cursor }) => start === undefined || compareCursors(cursor, start) >= 0)
      .sort((a, b) => compareCursors(a.cursor, b.cursor));
    return { calls: inOrder.slice(0, limit).map(({ call }) => call), next: inOrder[limit]?.cursor };
  }

  return {
    list: (query, signal) => (query.ascending ? oldestFirst(query, signal) : list(query, signal)),

    async byCallId(account, callId, { from, to }, signal) {
      const search = {
        service,
        tags: { 'pivot.call.id': callId },
        startUs: from * 1000,
        endUs: to * 1000 + SLACK_US,
        // One Call-ID may come again, also in another account.
        limit: 10,
      };
      const answer = await client.search(search, signal);
      if (answer === 'too-large') throw tooMuch(`The trace of the call "${callId}" is larger than is read at once`);
      return read(answer.traces)
        .filter((call) => call.account === account && call.callId === callId)
        .sort((a, b) => compareCursors(cursorOf(b), cursorOf(a)))[0];
    },

    async byTraceId(traceId, signal) {
      const answer = await client.trace(traceId, signal);
      if (answer === 'too-large') throw tooMuch(`The trace ${traceId} is larger than is read at once`);
      return answer === undefined ? undefined : read(answer.traces).find((call) => call.traceId === traceId);
    },
  };
}

type Searched = Pick<CallQuery, 'account' | 'callflow' | 'number' | 'caller' | 'callId'>;

/** What one span of the call has: the root, `call.received`, or `route`. */
function tagsOf({ account, callflow, number, caller, callId }: Searched): Record<string, string> {
  const key =
    callflow === undefined || callflow.includes('/') || account === undefined ? callflow : `${account}/${callflow}`;
  return {
    ...(account === undefined ? {} : { 'pivot.account': account }),
    ...(key === undefined ? {} : { 'pivot.callflow': key }),
    ...(number === undefined ? {} : { 'pivot.number': number }),
    ...(caller === undefined ? {} : { 'pivot.from': caller }),
    ...(callId === undefined ? {} : { 'pivot.call.id': callId }),
  };
}

function pageOf(sorted: readonly { readonly call: StoredCall; readonly cursor: Cursor }[], limit: number): CallPage {
  return { calls: sorted.slice(0, limit).map(({ call }) => call), next: sorted[limit]?.cursor };
}

function tooMuch(message: string): PivotError {
  return new PivotError(fault(debugCodes.tooMuch, message));
}
