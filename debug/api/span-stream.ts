import type { FastifyInstance } from 'fastify';
import { ROOT_SPAN } from '../../runtime/span-names.ts';
import type { CallSource } from '../call-source.ts';
import type { TraceStore } from '../trace-store.ts';
import type { EventStreams } from './event-streams.ts';
import { findCall } from './kazoo.ts';
import { whileWaiting } from './replies.ts';

export interface SpanStreamOptions {
  readonly store: TraceStore;
  readonly source: CallSource;
  readonly streams: EventStreams;
}

/** One call's spans, whole, as they start and end, which `pivot call` reads: what has happened so far, then what happens, until the call is over. */
export function registerSpanStream(server: FastifyInstance, { store, source, streams }: SpanStreamOptions): void {
  server.get<{ Params: { account: string; id: string } }>(
    '/v2/accounts/:account/pivot/debug/:id/events',
    async (request, reply) => {
      const { traceId } = await findCall(source, request.params, whileWaiting(reply));
      let position = 0;
      let over = false;
      const stream = streams.begin(reply, {
        next() {
          // CDR callbacks come after the end of the call, and of the stream.
          if (over) return 'over';
          const moment = store.moment(traceId, position);
          if (moment === undefined) return store.has(traceId) ? 'wait' : 'over';
          position += 1;
          over = moment.type === 'end' && moment.span.name === ROOT_SPAN;
          return { event: moment.type, data: JSON.stringify(moment.span) };
        },
        stop: () => stop(),
      });
      const stop = store.watch((news) => {
        if (news.traceId === traceId) stream.wake();
      });
      return reply;
    },
  );
}
