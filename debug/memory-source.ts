import { type CallSource, compareCursors, cursorOf, matchesQuery } from './call-source.ts';
import type { TraceStore } from './trace-store.ts';

/** The calls whose traces are in memory. */
export function createMemorySource(store: TraceStore): CallSource {
  return {
    async list(query) {
      const { ascending, limit, start } = query;
      const sign = ascending ? 1 : -1;
      const inOrder = [...store.calls()]
        .map((call) => ({ call, cursor: cursorOf(call) }))
        .filter(({ cursor }) => start === undefined || sign * compareCursors(cursor, start) >= 0)
        .sort((a, b) => sign * compareCursors(a.cursor, b.cursor));
      const calls = [];
      for (const { call, cursor } of inOrder) {
        if (!matchesQuery(call, query)) continue;
        if (calls.length === limit) return { calls, next: cursor };
        calls.push(call);
      }
      return { calls, next: undefined };
    },

    async byCallId(account, callId, { from, to }) {
      const call = store.call(callId);
      return call?.account === account && call.startedAt >= from && call.startedAt <= to ? call : undefined;
    },

    async byTraceId(traceId) {
      return store.trace(traceId);
    },
  };
}
