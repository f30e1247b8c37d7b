import type { FastifyReply } from 'fastify';
import { debugCodes } from '../../crds/errors/debug.ts';
import { fault, PivotError } from '../../crds/errors/fault.ts';

/** A server-sent event. `data` is one line. */
export interface StreamMessage {
  readonly event: string;
  readonly data: string;
  /** What the viewer sends as `Last-Event-ID` when it comes back. */
  readonly id?: string;
}

/** What a stream tells, asked for when its viewer can take more: so nothing waits in memory for a viewer who reads slowly. */
export interface StreamContent {
  /** The next message; `'wait'` when there is none yet; `'over'` when there will be none. */
  next(): StreamMessage | 'wait' | 'over';
  /** Called once, however the stream ends. */
  stop(): void;
}

export interface EventStream {
  /** There may be something new to ask for. */
  wake(): void;
}

/** Live streams at once. */
const MOST_STREAMS = 200;
const KEEP_ALIVE_MS = 15_000;
/** Times in a row that a viewer may not have read anything before it is taken for gone. */
const MOST_STALLS = 4;

/** The process's live streams, bounded in number. */
export class EventStreams {
  readonly #open = new Set<EventStream>();
  readonly #most: number;

  constructor(most: number = MOST_STREAMS) {
    this.#most = most;
  }

  get open(): number {
    return this.#open.size;
  }

  /** Begins a stream as the answer. Throws `PV-2205` when all places are taken. */
  begin(reply: FastifyReply, content: StreamContent): EventStream {
    if (this.#open.size >= this.#most)
      throw new PivotError(fault(debugCodes.tooBusy, `${this.#most} live streams are open, which is the limit`));
    const { raw } = reply;
    reply.hijack();
    raw.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      // Proxies such as nginx would hold events back.
      'x-accel-buffering': 'no',
    });
    raw.write(': ready\n\n');
    let over = false;
    let stalls = 0;
    const finish = (): void => {
      if (over) return;
      over = true;
      clearInterval(keepAlive);
      this.#open.delete(stream);
      content.stop();
    };
    const pump = (): void => {
      while (!over && !raw.writableNeedDrain) {
        const message = content.next();
        if (message === 'wait') return;
        if (message === 'over') {
          finish();
          raw.end();
          return;
        }
        const id = message.id === undefined ? '' : `id: ${message.id}\n`;
        raw.write(`${id}event: ${message.event}\ndata: ${message.data}\n\n`);
      }
    };
    const stream: EventStream = { wake: pump };
    const keepAlive = setInterval(() => {
      if (raw.writableNeedDrain) {
        stalls += 1;
        if (stalls >= MOST_STALLS) raw.destroy();
        return;
      }
      stalls = 0;
      raw.write(': still here\n\n');
      pump();
    }, KEEP_ALIVE_MS);
    this.#open.add(stream);
    raw.on('drain', pump);
    raw.on('close', finish);
    raw.on('error', finish);
    // The caller has the stream before it is asked for anything.
    queueMicrotask(pump);
    return stream;
  }
}
