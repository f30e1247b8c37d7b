import { formatEntry, timelineOf } from '../debug/timeline.ts';
import type { TraceStore } from '../debug/trace-store.ts';

/** Prints what calls do as they do it, each line with the beginning of the call's trace id. Returns the way to stop. */
export function printTimelines(store: TraceStore, print: (line: string) => void): () => void {
  return store.watch((news) => {
    for (const entry of timelineOf(news)) print(`${news.traceId.slice(0, 6)} ${formatEntry(entry)}`);
  });
}
