import type { ServerResponse } from 'node:http';
import { status, type WatchScript } from './behaviour.ts';
import type { HistoryEvent, ObjectHistory } from './object-history.ts';

/** A watch that is open at the server. */
export interface OpenWatch {
  /** It sends nothing and never will. */
  readonly silent: boolean;
  bookmark(): void;
  end(): void;
  reset(): void;
}

/** Serves a watch from a version on, as scripted. */
export function serveWatch(
  response: ServerResponse,
  history: ObjectHistory,
  from: number,
  wanted: (event: HistoryEvent) => boolean,
  script: WatchScript | undefined,
): OpenWatch {
  let sent = 0;
  let silent = false;
  let over = false;
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  const stop = history.onEvent((event) => send(event));
  response.on('close', stop);
  const watch: OpenWatch = {
    get silent() {
      return silent;
    },
    bookmark() {
      if (!over) line({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(history.version) } } });
    },
    end: () => response.end(),
    reset: () => response.socket?.resetAndDestroy(),
  };
  step();
  for (const event of history.eventsAfter(from)) send(event);
  return watch;

  function send(event: HistoryEvent) {
    if (over || response.writableEnded || !wanted(event)) return;
    if (script?.watch === 'half' && sent >= script.after) return half(event);
    line({ type: event.type, object: event.object });
    sent++;
    step();
  }

  /** Does what the script says when enough has been sent. */
  function step(): void {
    if (script === undefined || script.watch === 'pieces' || script.watch === 'half' || sent < script.after) return;
    const { after: _after, ...what } = script;
    script = undefined;
    stop();
    over = true;
    switch (what.watch) {
      case 'end':
        watch.end();
        break;
      case 'reset':
        // After what was written has left, or the client would not see the events that it was to see.
        response.write('\n', () => watch.reset());
        break;
      case 'silence':
        silent = true;
        break;
      case 'error':
        line({ type: 'ERROR', object: status(what.code, what.reason, 'as scripted') });
        watch.end();
        break;
      case 'garbage':
        response.write('{"type":"ADDED","object":{{\n');
        break;
    }
  }

  function half(event: HistoryEvent): void {
    over = true;
    stop();
    response.write(JSON.stringify({ type: event.type, object: event.object }).slice(0, 30), () => response.end());
  }

  function line(value: object): void {
    const text = Buffer.from(`${JSON.stringify(value)}\n`);
    if (script?.watch !== 'pieces') response.write(text);
    else for (let at = 0; at < text.length; at += 7) response.write(text.subarray(at, at + 7));
  }
}
