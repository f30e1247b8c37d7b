/**
 * A stream of server-sent events that is open only while somebody looks: a browser has few connections, and hidden tabs shall not hold them.
 *
 * @param {object} options
 * @param {(last: string) => string} options.url where to go on after the event with that id; empty: from the beginning
 * @param {Record<string, (data: any) => void>} options.on by the name of the event
 * @param {(state: 'live' | 'connecting') => void} [options.state]
 * @returns {{ close: () => void }}
 */
export function follow({ url, on, state = () => {} }) {
  /** @type {EventSource | undefined} */
  let source;
  let last = '';
  let closed = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let retry;

  const open = () => {
    clearTimeout(retry);
    if (closed || document.hidden || source !== undefined) return;
    state('connecting');
    const opened = new EventSource(url(last));
    source = opened;
    opened.onopen = () => state('live');
    opened.onerror = () => {
      // It tries again by itself, unless it was refused.
      state('connecting');
      if (opened.readyState !== EventSource.CLOSED) return;
      shut();
      retry = setTimeout(open, 3000);
    };
    for (const [name, take] of Object.entries(on)) {
      opened.addEventListener(name, (event) => {
        if (event.lastEventId !== '') last = event.lastEventId;
        take(JSON.parse(event.data));
      });
    }
  };
  const shut = () => {
    source?.close();
    source = undefined;
  };
  const looked = () => (document.hidden ? shut() : open());
  document.addEventListener('visibilitychange', looked);
  open();
  return {
    close() {
      closed = true;
      clearTimeout(retry);
      shut();
      document.removeEventListener('visibilitychange', looked);
    },
  };
}

/**
 * Calls `work` now and again, each time so long after the last one was done, as long as somebody looks.
 *
 * @param {(signal: AbortSignal) => Promise<void>} work
 * @param {number} everyMs
 * @returns {{ close: () => void, now: () => void }}
 */
export function repeat(work, everyMs) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let running = false;
  const stop = new AbortController();
  const run = async () => {
    clearTimeout(timer);
    if (running || stop.signal.aborted || document.hidden) return;
    running = true;
    await work(stop.signal).catch(() => {});
    running = false;
    if (!stop.signal.aborted) timer = setTimeout(run, everyMs);
  };
  document.addEventListener('visibilitychange', run, { signal: stop.signal });
  void run();
  return {
    now: () => void run(),
    close() {
      clearTimeout(timer);
      stop.abort();
    },
  };
}
