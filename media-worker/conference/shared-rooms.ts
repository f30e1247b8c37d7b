import { randomBytes } from 'node:crypto';
import { fault } from '../../crds/errors/fault.ts';
import { roomCodes } from '../../crds/errors/rooms.ts';
import type { Call } from '../call/call.ts';
import { callerHeaders, callerIdOf } from '../dial/caller-id.ts';
import type { Way } from '../dial/ring-plan.ts';
import type { SharedStore } from '../shared-store/store.ts';
import { type Guest, guestOf, readVisit, type VisitState, visitKey } from './guest.ts';
import type { Owner, Ownership } from './ownership.ts';
import type { JoinWish, Rooms, Stayed } from './rooms.ts';

export interface SharedRoomsOptions {
  /** The conferences of this worker. */
  readonly local: Rooms;
  readonly ownership: Ownership;
  readonly store: SharedStore;
  readonly now: () => number;
  readonly addressOf: (worker: string) => Promise<string | undefined>;
  /** Headers by which the owner knows whose INVITE it is. Rejects when the store is away. */
  readonly ticketFor: (worker: string, guest: Guest) => Promise<Readonly<Record<string, string>>>;
}

/** A conference is as long as it is. */
const LIMIT_MS = 86_400_000;
/** News may be lost. */
const LOOK_MS = 1000;
/** The owner died, or gave the conference to another: a participant looks for the next one so often. */
const MOST_OWNERS = 5;

/**
 * Conferences of all workers that share a store: one worker owns each, the first at which somebody names it, and the others call that one for each
 * of their participants. What is heard before it starts is played by the participant's own worker.
 */
export function createSharedRooms(options: SharedRoomsOptions): Rooms {
  const { local, ownership } = options;
  return {
    get open() {
      return local.open;
    },
    async join(wish) {
      const room = `${wish.account}/${wish.name}`;
      await wish.call.answer();
      for (let owners = 0; owners < MOST_OWNERS; owners += 1) {
        const owner = await ownership.acquire(room);
        if (owner.kind === 'own' || wish.dialler === undefined) return local.join(wish);
        const stayed = await visit(wish, owner, wish.dialler, options);
        if (stayed !== 'gone') return stayed;
        wish.call.signal.throwIfAborted();
      }
      const message = `"${wish.name}" could not be reached on another worker`;
      return { how: 'refused', fault: fault(roomCodes.notJoined, message), sid: '', ms: 0 };
    },
  };
}

/** Calls the owner and stays in its conference; `gone`: there is no conference there any more. Rejects when the call ends before. */
async function visit(
  wish: JoinWish,
  owner: Extract<Owner, { kind: 'other' }>,
  dialler: NonNullable<JoinWish['dialler']>,
  options: SharedRoomsOptions,
): Promise<Stayed | 'gone'> {
  const { call, span } = wish;
  const { store, now, ticketFor } = options;
  const since = now();
  const guest = guestOf(wish, randomBytes(16).toString('hex'));
  const following = follow(owner.worker, guest.visit, options);
  try {
    const headers = await ticketFor(owner.worker, guest);
    span.event('pivot.conference.visit', { 'pivot.worker': owner.worker });
    const dialled = await dialler.dial(
      { kind: 'leg', leg: legTo(owner, wish, headers, following) },
      { limitMs: LIMIT_MS, answerFirst: false, earlyMedia: false, endLegOn: '', endCallOn: '', span },
    );
    const state = following.state() ?? readVisit(await store.get(visitKey(guest.visit)).catch(() => undefined));
    const stayed = (how: Stayed['how']): Stayed => ({ how, sid: following.sid(), ms: now() - since });
    if (state?.kind === 'over') return { ...state.stayed, ms: now() - since };
    if (call.signal.aborted || wish.signal?.aborted === true) return stayed('left');
    return state?.kind === 'moved' || following.lost.aborted || !dialled.bridged ? 'gone' : stayed('ended');
  } finally {
    following.stop();
    await store.delete(visitKey(guest.visit)).catch(() => {});
  }
}

function legTo(
  { address }: Extract<Owner, { kind: 'other' }>,
  wish: JoinWish,
  headers: Readonly<Record<string, string>>,
  following: Following,
) {
  const { number, name, ...hidden } = callerIdOf(wish.call);
  const at = address.lastIndexOf(':');
  const way: Way = {
    uri: `sip:conference@${address}`,
    host: { host: address.slice(0, at), port: Number(address.slice(at + 1)), transport: 'udp' },
    route: `sip:${address}`,
    headers: { ...callerHeaders({ number, name, ...hidden }), ...headers },
  };
  return {
    name: `conference ${wish.name}`,
    to: { user: wish.name },
    callerIdName: name,
    callerIdNumber: number,
    ways: [way],
    wish: {
      /** The owner has the leg; the participant waits for the start, as it would there. */
      screen: async (leg: Call): Promise<boolean> => {
        // Whatever ends the stay ends the wait, and then the leg.
        const ends = [following.lost, ...(wish.signal === undefined ? [] : [wish.signal])];
        const hangUp = (): void => void leg.hangup();
        for (const end of ends) {
          if (end.aborted) hangUp();
          else end.addEventListener('abort', hangUp, { once: true });
        }
        const until = AbortSignal.any([following.started, leg.signal]);
        await wish.wait(until).catch((error: unknown) => {
          if (!until.aborted) throw error;
        });
        if (!until.aborted) {
          await new Promise<void>((resolve) => until.addEventListener('abort', () => resolve(), { once: true }));
        }
        return !leg.signal.aborted;
      },
    },
  };
}

interface Following {
  /** The participant is in the mix. */
  readonly started: AbortSignal;
  /** The owner is not there any more. */
  readonly lost: AbortSignal;
  /** Of the conference; empty before it started. */
  sid(): string;
  /** How it ended, where that was told. */
  state(): VisitState | undefined;
  stop(): void;
}

/** Listens to what the owner says of a visit, and looks from time to time. */
function follow(worker: string, visitName: string, { store, addressOf }: SharedRoomsOptions): Following {
  const started = new AbortController();
  const lost = new AbortController();
  const over = new AbortController();
  let last: VisitState | undefined;
  let sid = '';
  const hear = (text: string | undefined): void => {
    const state = readVisit(text);
    if (state === undefined) return;
    if (state.kind !== 'started') last = state;
    else {
      sid = state.sid;
      started.abort();
    }
  };
  store.subscribe(visitKey(visitName), hear, over.signal).catch(() => {});
  const timer = setInterval(async () => {
    try {
      hear(await store.get(visitKey(visitName)));
      // Only if the store says so: while it is away nothing is known of anybody.
      if (store.connected && (await addressOf(worker)) === undefined && !over.signal.aborted) lost.abort();
    } catch {
      // It is away.
    }
  }, LOOK_MS).unref();
  return {
    started: started.signal,
    lost: lost.signal,
    sid: () => sid,
    state: () => last,
    stop() {
      over.abort();
      clearInterval(timer);
    },
  };
}
