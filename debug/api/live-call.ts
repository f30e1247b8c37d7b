import { ROOT_SPAN } from '../../runtime/span-names.ts';
import { headOf, linesOf } from '../call-story.ts';
import { entryOf, isAttempt } from '../entries.ts';
import { summaryOf } from '../summary.ts';
import type { TraceStore } from '../trace-store.ts';
import type { StreamContent } from './event-streams.ts';

/**
 * What happens in one call, from its moment number `from` on: lines of the time line and exchanges without bodies. The id of each message is
 * the number of the moment after it. Ends, with the call's summary, when the call is over.
 */
export function liveCall(store: TraceStore, traceId: string, from: number, node: string): Omit<StreamContent, 'stop'> {
  const call = store.trace(traceId);
  const indexes = new Map<string, number>();
  let position = 0;
  let last = 0;
  let rootEnded = false;
  let told = false;

  /** Takes the next moment in; undefined when there is none (yet). */
  const step = (): { timeline: readonly object[]; exchange?: object } | undefined => {
    const moment = call === undefined ? undefined : store.moment(traceId, position);
    if (moment === undefined || call === undefined) return undefined;
    position += 1;
    const { span, type } = moment;
    rootEnded ||= type === 'end' && span.name === ROOT_SPAN;
    if (!isAttempt(span)) return { timeline: linesOf(moment) };
    last = Math.max(last, Number(span.attributes['pivot.exchange'] ?? 0));
    const index = indexes.get(span.spanId) ?? indexes.size;
    indexes.set(span.spanId, index);
    return { timeline: linesOf(moment), exchange: headOf(entryOf(call, span, { index, last, node })) };
  };

  return {
    next() {
      while (position < from) if (step() === undefined) break;
      for (;;) {
        const news = step();
        if (news !== undefined) {
          if (news.timeline.length === 0 && news.exchange === undefined) continue;
          return { event: 'news', data: JSON.stringify(news), id: String(position) };
        }
        const now = store.trace(traceId);
        if (now !== undefined && !rootEnded) return 'wait';
        if (told) return 'over';
        told = true;
        return {
          event: 'over',
          data: JSON.stringify(now === undefined ? {} : { call: summaryOf(now) }),
          id: String(position),
        };
      }
    },
  };
}
