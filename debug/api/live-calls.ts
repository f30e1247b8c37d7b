import { randomBytes } from 'node:crypto';
import type { CallflowSource } from '../callflows.ts';
import { summaryOf } from '../summary.ts';
import type { TraceStore } from '../trace-store.ts';
import type { StreamContent, StreamMessage } from './event-streams.ts';

/** Messages that are kept for viewers who were away for a moment. */
const KEPT_MESSAGES = 1000;
/** However much a call does, it is told of so often. */
const TELL_EVERY_MS = 200;
/** After the last viewer has gone, it goes on for so long: most come back, as after a page is loaded anew. */
const LINGER_MS = 30_000;

/**
 * What happens to all calls, told to any number of viewers: a summary of each call that did something, made once for all of them. As long as
 * nobody looks, nothing is made. A viewer who comes back goes on where it was, if that is still kept; else it is told to begin anew (`reset`).
 */
export class LiveCalls {
  readonly #store: TraceStore;
  readonly #callflows: CallflowSource | undefined;
  /** Ids of another process, or of a time before nobody looked, mean nothing here. */
  #epoch = '';
  #messages: StreamMessage[] = [];
  /** Number of the first message that is kept. */
  #first = 0;
  readonly #wakes = new Set<() => void>();
  readonly #changed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #stops: (() => void)[] = [];
  #lingering: NodeJS.Timeout | undefined;

  constructor(store: TraceStore, callflows?: CallflowSource) {
    this.#store = store;
    this.#callflows = callflows;
  }

  get viewers(): number {
    return this.#wakes.size;
  }

  /** A viewer's stream, from after the message `lastId`. */
  view(lastId: string | undefined, wake: () => void): StreamContent {
    clearTimeout(this.#lingering);
    if (this.#stops.length === 0) this.#begin();
    this.#wakes.add(wake);
    let position = this.#after(lastId);
    return {
      next: () => {
        if (position < this.#first) {
          position = this.#end;
          return { event: 'reset', data: '{}', id: this.#idOf(position - 1) };
        }
        const message = this.#messages[position - this.#first];
        if (message === undefined) return 'wait';
        position += 1;
        return message;
      },
      stop: () => {
        this.#wakes.delete(wake);
        if (this.#wakes.size === 0) this.#lingering = setTimeout(() => this.close(), LINGER_MS).unref();
      },
    };
  }

  get #end(): number {
    return this.#first + this.#messages.length;
  }

  #idOf(number: number): string {
    return `${this.#epoch}.${number}`;
  }

  /** The number of the message after that one; -1, which is never kept, when it is none of ours. */
  #after(lastId: string | undefined): number {
    const [epoch, number] = lastId?.split('.') ?? [];
    if (epoch !== this.#epoch || number === undefined || !/^-?\d{1,15}$/.test(number)) return -1;
    const after = Number(number) + 1;
    return after > this.#end ? -1 : after;
  }

  #begin(): void {
    this.#epoch = randomBytes(6).toString('hex');
    this.#messages = [];
    this.#first = 0;
    this.#stops = [
      this.#store.watch(({ traceId }) => {
        this.#changed.add(traceId);
        this.#timer ??= setTimeout(() => this.#tell(), TELL_EVERY_MS);
      }),
      this.#callflows?.watch(() => this.#add({ event: 'callflows', data: '{}' })) ?? (() => {}),
    ];
  }

  /** Ends what goes on for viewers; a new one begins it again. */
  close(): void {
    clearTimeout(this.#lingering);
    for (const stop of this.#stops) stop();
    this.#stops = [];
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#changed.clear();
    this.#messages = [];
  }

  #tell(): void {
    this.#timer = undefined;
    for (const traceId of this.#changed) {
      const call = this.#store.trace(traceId);
      if (call !== undefined) this.#add({ event: 'call', data: JSON.stringify(summaryOf(call)) });
    }
    this.#changed.clear();
  }

  #add(message: StreamMessage): void {
    this.#messages.push({ ...message, id: this.#idOf(this.#end) });
    if (this.#messages.length > KEPT_MESSAGES) {
      this.#messages.shift();
      this.#first += 1;
    }
    for (const wake of [...this.#wakes]) wake();
  }
}
