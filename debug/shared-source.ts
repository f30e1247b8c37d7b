import type { CallPage, CallQuery, CallSource } from './call-source.ts';

/** So old an answer may be: a page asks anew every few seconds. Milliseconds. */
const SHARED_MS = 2000;
const MOST_SHARED = 100;

/**
 * Many pages that look at the same list ask one question: whoever asks what was asked a moment ago gets that answer. Lists that are chosen by a
 * function (`keep`) are not shared, and neither are single calls.
 */
export function shareLists(source: CallSource, now: () => number = Date.now): CallSource {
  const answers = new Map<string, { readonly page: Promise<CallPage>; readonly until: number }>();

  function list(query: CallQuery, signal: AbortSignal): Promise<CallPage> {
    if (query.keep !== undefined) return source.list(query, signal);
    const key = JSON.stringify(query);
    const known = answers.get(key);
    if (known !== undefined && now() < known.until) return known.page;
    // Whoever asks first may go away, and others wait for it too: the source's own time limit ends it.
    const page = source.list(query, new AbortController().signal);
    page.catch(() => answers.delete(key));
    answers.delete(key);
    answers.set(key, { page, until: now() + SHARED_MS });
    for (const oldest of answers.keys()) {
      if (answers.size <= MOST_SHARED) break;
      answers.delete(oldest);
    }
    return page;
  }

  return { list, byCallId: source.byCallId, byTraceId: source.byTraceId };
}
