import { randomBytes } from 'node:crypto';
import type { Call } from '../call/call.ts';
import { unlessAborted } from '../call/waiting.ts';
import type { Way } from '../dial/ring-plan.ts';
import type { SharedStore } from '../shared-store/store.ts';
import { type Member, readMember, writeMember } from './member.ts';

/** Where a caller stands. */
export interface Standing {
  /** From 1; 0 once it is out. */
  readonly position: number;
  /** Callers who wait, this one too. */
  readonly size: number;
  /** Mean wait of the last hundred who were taken; 0 before the first. */
  readonly averageMs: number;
}

/** A caller's place in a queue. */
export interface Ticket {
  /** The queue's id, `QueueSid`. */
  readonly sid: string;
  readonly call: Call;
  /** Aborts when somebody takes the call. */
  readonly taken: AbortSignal;
  /** Never rejects: while the shared store is away it is what was known last. */
  standing(): Promise<Standing>;
  waitedMs(): number;
  /** Gives the place up. */
  leave(): void;
  /** Whoever took the call is done with it; milliseconds that both were connected. */
  readonly over: Promise<{ readonly connectedMs: number | undefined }>;
}

/** A caller of this worker who was taken. */
export interface Claimed {
  readonly sid: string;
  readonly call: Call;
  readonly waitedMs: number;
  /** To be called when the caller is free again; undefined: they were never connected. */
  done(connectedMs: number | undefined): void;
}

/** A caller who was taken from the front. */
export type Taken =
  | ({ readonly where: 'here' } & Claimed)
  /** On another worker, which connects whoever calls by `way` with the caller. */
  | {
      readonly where: 'elsewhere';
      readonly sid: string;
      readonly callId: string;
      readonly waitedMs: number;
      readonly way: Pick<Way, 'uri' | 'host' | 'route' | 'headers'>;
    };

/** The queues of all workers that share a store, first in, first out. */
export interface Queues {
  /** A place at the end; undefined when the queue is full. */
  enter(account: string, name: string, call: Call): Promise<Ticket | undefined>;
  /** The first caller, now or when one comes; rejects when `signal` aborts. Of this worker who asks first is served first. */
  take(account: string, name: string, signal: AbortSignal): Promise<Taken>;
  /** A caller of this worker whom another has taken; undefined when it is not there any more. */
  claim(id: string): Claimed | undefined;
  /** Callers who wait on this worker, in all queues. */
  readonly waiting: number;
  close(): void;
}

export interface QueuesDeps {
  readonly store: SharedStore;
  /** Name of this worker. */
  readonly worker: string;
  readonly now: () => number;
  /** `HOST:PORT` of another worker's SIP; undefined: it is gone. Never rejects. */
  readonly addressOf: (worker: string) => Promise<string | undefined>;
  /** Headers by which that worker knows what an INVITE is for. Rejects when the store is away. */
  readonly ticketFor: (worker: string, id: string) => Promise<Readonly<Record<string, string>>>;
}

export const MOST_QUEUED = 1000;
const REMEMBERED = 100;
/** What is kept of a queue that nobody uses: its id and its waits. */
const KEPT_MS = 86_400_000;
/** News may be lost: who waits looks for himself. */
const LOOK_MS = 1000;
const WATCH_MS = 2000;
/** Somebody took a caller of ours and does not come: back to the front. */
const CLAIM_WITHIN_MS = 8000;
/** Of the front: those who come stand at 1 and after. */
const FRONT = 0;

interface Place {
  readonly id: string;
  readonly call: Call;
  readonly since: number;
  readonly member: string;
  readonly take: AbortController;
  readonly over: PromiseWithResolvers<{ connectedMs: number | undefined }>;
  /** Since when it is not in the list; undefined: it is. */
  missingSince: number | undefined;
}

/** What this worker has of a queue, while somebody waits in it or for it. */
interface Queue {
  readonly key: string;
  sid: string | undefined;
  /** Callers of this worker by their place's id, in the order in which they came. */
  readonly places: Map<string, Place>;
  /** Who asks for the next caller; the first one looks. */
  takers: number;
  turn: Promise<void>;
  readonly waking: Set<() => void>;
  listening: AbortController | undefined;
  last: Standing;
}

export function createQueues({ store, worker, now, addressOf, ticketFor }: QueuesDeps): Queues {
  const queues = new Map<string, Queue>();
  const listOf = ({ key }: Queue): string => `queue:${key}`;
  let watch: NodeJS.Timeout | undefined;

  function queueOf(account: string, name: string): Queue {
    const key = `${account}/${name}`;
    let queue = queues.get(key);
    if (queue === undefined) {
      queue = {
        key,
        sid: undefined,
        places: new Map(),
        takers: 0,
        turn: Promise.resolve(),
        waking: new Set(),
        listening: undefined,
        last: { position: 0, size: 0, averageMs: 0 },
      };
      queues.set(key, queue);
    }
    return queue;
  }

  /** While callers of ours wait. */
  function watchWhileNeeded(): void {
    const isNeeded = [...queues.values()].some(({ places }) => places.size > 0);
    if (!isNeeded) {
      clearInterval(watch);
      watch = undefined;
    } else watch ??= setInterval(() => void lookAfterAll(), WATCH_MS).unref();
  }

  function forgetIfIdle(queue: Queue): void {
    watchWhileNeeded();
    if (queue.places.size > 0 || queue.takers > 0) return;
    queue.listening?.abort();
    queue.listening = undefined;
    if (queues.get(queue.key) === queue) queues.delete(queue.key);
  }

  /** The id of the queue, the same on all workers. */
  async function sidOf(queue: Queue): Promise<string> {
    if (queue.sid !== undefined) return queue.sid;
    const made = `QU${randomBytes(16).toString('hex')}`;
    const key = `queue-sid:${queue.key}`;
    try {
      const won = await store.compareAndSet(key, undefined, made, KEPT_MS);
      queue.sid = won ? made : ((await store.get(key)) ?? made);
      await store.expire(key, KEPT_MS);
    } catch {
      queue.sid ??= made;
    }
    return queue.sid;
  }

  async function waitsOf(queue: Queue): Promise<{ text: string | undefined; waits: readonly number[] }> {
    const text = await store.get(`queue-waits:${queue.key}`);
    const value: unknown = text === undefined ? [] : JSON.parse(text);
    return { text, waits: Array.isArray(value) ? value.filter((one) => typeof one === 'number') : [] };
  }

  /** One more wait that is over. What cannot be told is not told. */
  async function remember(queue: Queue, waitedMs: number): Promise<void> {
    try {
      for (let tries = 0; tries < 5; tries += 1) {
        const { text, waits } = await waitsOf(queue);
        const next = JSON.stringify([...waits, waitedMs].slice(-REMEMBERED));
        if (await store.compareAndSet(`queue-waits:${queue.key}`, text, next, KEPT_MS)) return;
      }
    } catch {
      // The store is away.
    }
  }

  /** The callers whose worker is there; the others are taken out. */
  async function living(queue: Queue): Promise<readonly string[]> {
    const members = await store.members(listOf(queue));
    const alive = new Map<string, Promise<boolean>>();
    const isThere = (name: string): Promise<boolean> => {
      let known = alive.get(name);
      known ??= name === worker ? Promise.resolve(true) : addressOf(name).then((address) => address !== undefined);
      alive.set(name, known);
      return known;
    };
    const kept: string[] = [];
    for (const text of members) {
      const member = readMember(text);
      if (member !== undefined && (await isThere(member.worker))) kept.push(text);
      else await store.remove(listOf(queue), text);
    }
    return kept;
  }

  async function standing(queue: Queue, place: Place): Promise<Standing> {
    try {
      const members = await living(queue);
      const { waits } = await waitsOf(queue);
      const position = members.indexOf(place.member) + 1;
      const averageMs = waits.length === 0 ? 0 : waits.reduce((a, b) => a + b, 0) / waits.length;
      queue.last = { position, size: members.length, averageMs };
      return queue.last;
    } catch {
      const waiting = [...queue.places.keys()];
      return {
        ...queue.last,
        position: waiting.indexOf(place.id) + 1,
        size: Math.max(queue.last.size, waiting.length),
      };
    }
  }

  const wake = (queue: Queue): void => {
    for (const awake of [...queue.waking]) awake();
  };

  function leave(queue: Queue, place: Place): void {
    if (!queue.places.delete(place.id)) return;
    void store.remove(listOf(queue), place.member).catch(() => {});
    forgetIfIdle(queue);
  }

  /** Takes a caller of this worker, who is out of the list. */
  function claimed(queue: Queue, place: Place): Claimed {
    queue.places.delete(place.id);
    const waitedMs = now() - place.since;
    void remember(queue, waitedMs);
    place.take.abort(new Error('the call was taken'));
    const sid = queue.sid ?? '';
    forgetIfIdle(queue);
    return { sid, call: place.call, waitedMs, done: (connectedMs) => place.over.resolve({ connectedMs }) };
  }

  /** The next caller out of the list; undefined when there is none now. */
  async function next(queue: Queue, signal: AbortSignal): Promise<Taken | undefined> {
    for (;;) {
      let text: string | undefined;
      try {
        text = await store.takeFirst(listOf(queue));
      } catch {
        // The store is away: those of this worker are known all the same.
        const [own] = queue.places.values();
        if (own === undefined || signal.aborted) return undefined;
        return { where: 'here', ...claimed(queue, own) };
      }
      if (text === undefined) return undefined;
      const member = readMember(text);
      if (member === undefined) continue;
      const taken = await takeMember(queue, member, text, signal);
      if (taken !== undefined) return taken;
      signal.throwIfAborted();
    }
  }

  async function takeMember(
    queue: Queue,
    member: Member,
    text: string,
    signal: AbortSignal,
  ): Promise<Taken | undefined> {
    const putBack = async (): Promise<void> => {
      await store.place(listOf(queue), text, FRONT).catch(() => {});
      void store.publish(listOf(queue), 'back').catch(() => {});
    };
    const sid = await sidOf(queue);
    if (member.worker === worker) {
      const place = queue.places.get(member.id);
      if (place === undefined || place.call.signal.aborted) return undefined;
      if (!signal.aborted) return { where: 'here', ...claimed(queue, place) };
      await putBack();
      return undefined;
    }
    const address = await addressOf(member.worker);
    // Its worker is gone, and so is the caller.
    if (address === undefined) return undefined;
    try {
      signal.throwIfAborted();
      const headers = await ticketFor(member.worker, member.id);
      signal.throwIfAborted();
      const way = { uri: `sip:queue@${address}`, host: hostOf(address), route: `sip:${address}`, headers };
      return { where: 'elsewhere', sid, callId: member.callId, waitedMs: now() - member.since, way };
    } catch {
      await putBack();
      return undefined;
    }
  }

  /** Resolves when somebody has come, or might have. */
  function news(queue: Queue, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const awake = (): void => {
        clearTimeout(timer);
        queue.waking.delete(awake);
        signal.removeEventListener('abort', awake);
        resolve();
      };
      const timer = setTimeout(awake, LOOK_MS);
      queue.waking.add(awake);
      if (signal.aborted) awake();
      else signal.addEventListener('abort', awake, { once: true });
    });
  }

  function listen(queue: Queue): void {
    if (queue.listening !== undefined) return;
    queue.listening = new AbortController();
    store.subscribe(listOf(queue), () => wake(queue), queue.listening.signal).catch(() => {});
  }

  async function lookAfterAll(): Promise<void> {
    for (const queue of [...queues.values()]) {
      if (queue.places.size > 0) await lookAfter(queue).catch(() => {});
    }
  }

  /** Callers of ours who are not in the list: taken by somebody who does not come, or the store has lost them. */
  async function lookAfter(queue: Queue): Promise<void> {
    const members = new Set(await store.members(listOf(queue)));
    for (const place of queue.places.values()) {
      if (members.has(place.member)) {
        place.missingSince = undefined;
        continue;
      }
      place.missingSince ??= now();
      if (now() - place.missingSince < CLAIM_WITHIN_MS) continue;
      place.missingSince = undefined;
      await store.place(listOf(queue), place.member, FRONT);
      // It left while that was on its way.
      if (!queue.places.has(place.id)) await store.remove(listOf(queue), place.member);
      else await store.publish(listOf(queue), 'back');
    }
  }

  return {
    get waiting() {
      return [...queues.values()].reduce((sum, { places }) => sum + places.size, 0);
    },
    async enter(account, name, call) {
      const queue = queueOf(account, name);
      const id = randomBytes(8).toString('hex');
      const since = now();
      const member = writeMember({ since, worker, id, callId: call.facts().callId });
      const place: Place = {
        id,
        call,
        since,
        member,
        take: new AbortController(),
        over: Promise.withResolvers(),
        missingSince: undefined,
      };
      // Before it is in the list: it may be taken at once.
      queue.places.set(id, place);
      watchWhileNeeded();
      const sid = await sidOf(queue);
      try {
        if ((await store.size(listOf(queue))) >= MOST_QUEUED) {
          queue.places.delete(id);
          forgetIfIdle(queue);
          return undefined;
        }
        await store.append(listOf(queue), member);
        // Hung up meanwhile: `leave` is not called by anybody.
        if (call.signal.aborted) leave(queue, place);
        await store.publish(listOf(queue), 'in');
      } catch {
        // The store is away: it is put into the list when that is back, by `lookAfter`.
      }
      wake(queue);
      return {
        sid,
        call,
        taken: place.take.signal,
        standing: () => standing(queue, place),
        waitedMs: () => now() - since,
        leave: () => leave(queue, place),
        over: place.over.promise,
      };
    },
    async take(account, name, signal) {
      signal.throwIfAborted();
      const queue = queueOf(account, name);
      queue.takers += 1;
      listen(queue);
      const before = queue.turn;
      const own = Promise.withResolvers<void>();
      queue.turn = before.then(() => own.promise);
      try {
        await unlessAborted(before, signal);
        for (;;) {
          const taken = await next(queue, signal);
          if (taken !== undefined) return taken;
          await news(queue, signal);
          signal.throwIfAborted();
        }
      } finally {
        own.resolve();
        queue.takers -= 1;
        forgetIfIdle(queue);
      }
    },
    claim(id) {
      for (const queue of queues.values()) {
        const place = queue.places.get(id);
        if (place === undefined) continue;
        if (place.call.signal.aborted) return undefined;
        // Whoever gave the place to somebody took it out of the list; if it was put back since, it is taken out again.
        void store.remove(listOf(queue), place.member).catch(() => {});
        return claimed(queue, place);
      }
      return undefined;
    },
    close() {
      clearInterval(watch);
      for (const queue of queues.values()) queue.listening?.abort();
    },
  };
}

function hostOf(address: string): Way['host'] {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at), port: Number(address.slice(at + 1)), transport: 'udp' };
}
