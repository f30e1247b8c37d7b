import { randomBytes } from 'node:crypto';
import type { Call } from '../call/call.ts';
import { unlessAborted } from '../call/waiting.ts';

/** A caller's place in a queue. */
export interface Ticket {
  /** The queue's id, `QueueSid`. */
  readonly sid: string;
  readonly call: Call;
  /** Aborts when somebody takes the call. */
  readonly taken: AbortSignal;
  /** From 1; 0 once it is out. */
  position(): number;
  /** Callers who wait, this one too. */
  size(): number;
  /** Mean wait of the last hundred who were taken; 0 before the first. */
  averageMs(): number;
  waitedMs(): number;
  /** Gives the place up. */
  leave(): void;
  /** Whoever took the call is done with it; milliseconds that both were connected. */
  readonly over: Promise<{ readonly connectedMs: number | undefined }>;
}

/** A caller who was taken from the front. */
export interface Taken {
  readonly sid: string;
  readonly call: Call;
  readonly waitedMs: number;
  /** To be called when the caller is free again; undefined: they were never connected. */
  done(connectedMs: number | undefined): void;
}

/** The queues of this worker, first in, first out. */
export interface Queues {
  /** A place at the end; undefined when the queue is full. */
  enter(account: string, name: string, call: Call): Ticket | undefined;
  /** The first caller, now or when one comes; rejects when `signal` aborts. Who asks first is served first. */
  take(account: string, name: string, signal: AbortSignal): Promise<Taken>;
  /** Callers who wait, in all queues. */
  readonly waiting: number;
}

export const MOST_QUEUED = 1000;
const REMEMBERED = 100;

interface Place {
  readonly ticket: Ticket;
  readonly since: number;
  readonly take: AbortController;
  readonly over: PromiseWithResolvers<{ connectedMs: number | undefined }>;
}

interface Queue {
  readonly sid: string;
  readonly places: Place[];
  readonly takers: ((place: Place) => void)[];
  readonly waits: number[];
}

export function createQueues(now: () => number): Queues {
  /** Kept once they exist: their averages are of use to those who come later. */
  const queues = new Map<string, Queue>();

  function queueOf(account: string, name: string): Queue {
    const key = `${account}/${name}`;
    let queue = queues.get(key);
    if (queue === undefined) {
      queue = { sid: `QU${randomBytes(16).toString('hex')}`, places: [], takers: [], waits: [] };
      queues.set(key, queue);
    }
    return queue;
  }

  function placeIn(queue: Queue, call: Call): Place {
    const since = now();
    const take = new AbortController();
    const over = Promise.withResolvers<{ connectedMs: number | undefined }>();
    const index = (): number => queue.places.findIndex((place) => place.ticket === ticket);
    const ticket: Ticket = {
      sid: queue.sid,
      call,
      taken: take.signal,
      position: () => index() + 1,
      size: () => queue.places.length,
      averageMs: () => (queue.waits.length === 0 ? 0 : queue.waits.reduce((a, b) => a + b, 0) / queue.waits.length),
      waitedMs: () => now() - since,
      leave() {
        const at = index();
        if (at >= 0) queue.places.splice(at, 1);
      },
      over: over.promise,
    };
    return { ticket, since, take, over };
  }

  /** Brings the first caller and the first who asks together, as long as there are both. */
  function match(queue: Queue): void {
    while (queue.places.length > 0 && queue.takers.length > 0) {
      const place = queue.places.shift()!;
      if (place.ticket.call.signal.aborted) continue;
      queue.waits.push(now() - place.since);
      if (queue.waits.length > REMEMBERED) queue.waits.shift();
      queue.takers.shift()!(place);
    }
  }

  return {
    get waiting() {
      return [...queues.values()].reduce((sum, { places }) => sum + places.length, 0);
    },
    enter(account, name, call) {
      const queue = queueOf(account, name);
      if (queue.places.length >= MOST_QUEUED) return undefined;
      const place = placeIn(queue, call);
      queue.places.push(place);
      match(queue);
      return place.ticket;
    },
    async take(account, name, signal) {
      signal.throwIfAborted();
      const queue = queueOf(account, name);
      const { promise, resolve } = Promise.withResolvers<Place>();
      queue.takers.push(resolve);
      match(queue);
      let place: Place;
      try {
        place = await unlessAborted(promise, signal);
      } catch (error) {
        const at = queue.takers.indexOf(resolve);
        if (at >= 0) queue.takers.splice(at, 1);
        // Matched in the same turn: the caller goes back to the front.
        else void promise.then((lost) => queue.places.unshift(lost));
        throw error;
      }
      place.take.abort(new Error('the call was taken'));
      return {
        sid: queue.sid,
        call: place.ticket.call,
        waitedMs: now() - place.since,
        done: (connectedMs) => place.over.resolve({ connectedMs }),
      };
    },
  };
}
