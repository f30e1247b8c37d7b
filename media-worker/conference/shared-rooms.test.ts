import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { fault, PivotError } from '../../crds/errors/fault.ts';
import { roomCodes } from '../../crds/errors/rooms.ts';
import { storeCodes } from '../../crds/errors/store.ts';
import type { Dialled, DialWish } from '../dial/dial.ts';
import type { Dialler } from '../dial/dialler.ts';
import type { RingPlan } from '../dial/ring-plan.ts';
import { createMemoryStore } from '../shared-store/memory.ts';
import type { SharedStore } from '../shared-store/store.ts';
import { CallSpan } from '../telemetry/span.ts';
import { ScriptedCall } from '../twiml/testing/scripted-call.ts';
import { settingsOf } from '../webhook/testing/call.ts';
import { type Guest, guestOf, readGuest, readVisit, type VisitState, visitKey } from './guest.ts';
import { createOwnership, type Ownership } from './ownership.ts';
import type { JoinWish, Rooms, Stayed } from './rooms.ts';
import { createSharedRooms } from './shared-rooms.ts';

function cluster(store: SharedStore = createMemoryStore()) {
  const gone = new Set<string>();
  const addressOf = async (worker: string): Promise<string | undefined> =>
    gone.has(worker) ? undefined : `${worker}.example:5060`;
  const ownership = (worker: string): Ownership => createOwnership({ store, worker, addressOf });
  return { store, gone, addressOf, ownership };
}

suite('who owns a conference', () => {
  test('the first who asks, until it is over', async () => {
    const { ownership } = cluster();
    const [one, two] = [ownership('one'), ownership('two')];
    assert.deepEqual(await one.acquire('acme/team'), { kind: 'own' });
    assert.deepEqual(await one.acquire('acme/team'), { kind: 'own' });
    assert.deepEqual(await two.acquire('acme/team'), { kind: 'other', worker: 'one', address: 'one.example:5060' });
    assert.deepEqual(await two.acquire('acme/other'), { kind: 'own' });
    one.release('acme/team');
    assert.deepEqual(await two.acquire('acme/team'), { kind: 'own' });
  });

  test('one of several who ask at once', async () => {
    const { ownership } = cluster();
    const owners = await Promise.all(['a', 'b', 'c'].map((worker) => ownership(worker).acquire('acme/team')));
    assert.deepEqual(owners.filter(({ kind }) => kind === 'own').length, 1);
  });

  test('the next who asks, when the owner has died', async () => {
    const { ownership, gone } = cluster();
    await ownership('one').acquire('acme/team');
    gone.add('one');
    assert.deepEqual(await ownership('two').acquire('acme/team'), { kind: 'own' });
  });

  test('everybody, while the store is away', async () => {
    const away = async (): Promise<never> => {
      throw new PivotError(fault(storeCodes.unreachable, 'it is away'));
    };
    const { ownership } = cluster({ ...createMemoryStore(), get: away, compareAndSet: away });
    assert.deepEqual(await ownership('one').acquire('acme/team'), { kind: 'own' });
    assert.deepEqual(await ownership('two').acquire('acme/team'), { kind: 'own' });
  });
});

/** A participant on worker `two`; worker `one` owns the conference, and does what the test says. */
async function visit(
  owner: (guest: Guest, say: (state: VisitState) => Promise<void>, leg: ScriptedCall) => Promise<void>,
) {
  const shared = cluster();
  await shared.ownership('one').acquire('acme/team');
  const guests: Guest[] = [];
  const waited: string[] = [];
  const locals: JoinWish[] = [];
  const local: Rooms = {
    open: 0,
    join: async (wish): Promise<Stayed> => {
      locals.push(wish);
      return { how: 'left', sid: 'CFlocal', ms: 0 };
    },
  };
  const rooms = createSharedRooms({
    local,
    ownership: shared.ownership('two'),
    store: shared.store,
    now: () => 0,
    addressOf: shared.addressOf,
    ticketFor: async (_worker, guest) => {
      guests.push(guest);
      return { 'X-Ticket': guest.visit };
    },
  });
  const dialler = {
    async dial(plan: RingPlan, _wish: DialWish): Promise<Dialled> {
      assert.ok(plan.kind === 'leg');
      const leg = new ScriptedCall(CallSpan.none());
      const guest = guests.at(-1)!;
      const say = async (state: VisitState): Promise<void> => {
        await shared.store.set(visitKey(guest.visit), JSON.stringify(state));
        await shared.store.publish(visitKey(guest.visit), JSON.stringify(state));
      };
      const owned = owner(guest, say, leg);
      const bridged = await plan.leg.wish.screen!(leg, CallSpan.none());
      await owned;
      return { status: 'completed', cause: 'NORMAL_CLEARING', bridged, answeredMs: 0, digits: '' };
    },
  } as unknown as Dialler;
  const call = new ScriptedCall(CallSpan.none());
  const stayed = await rooms.join({
    call,
    account: 'acme',
    name: 'team',
    startOnEnter: true,
    endOnExit: false,
    muted: true,
    deaf: false,
    beep: { enter: false, exit: true },
    maxParticipants: 7,
    wait: async (until) => {
      waited.push('begun');
      await new Promise<void>((resolve) => until.addEventListener('abort', () => resolve(), { once: true }));
      waited.push('over');
    },
    span: CallSpan.none(),
    dialler,
  });
  return { stayed, guests, waited, locals, shared, call };
}

const ENDED: Stayed = { how: 'ended', sid: 'CF1', ms: 5 };

suite('a participant of another worker', () => {
  test('waits here, is connected when it starts there, and is told what became of it', async () => {
    const { stayed, guests, waited, locals } = await visit(async (_guest, say) => {
      await turn();
      await say({ kind: 'started', sid: 'CF1' });
      await say({ kind: 'over', stayed: ENDED });
    });
    assert.deepEqual(stayed, { ...ENDED, ms: 0 });
    assert.deepEqual(waited, ['begun', 'over']);
    const { name, muted, beep, maxParticipants } = guests[0]!;
    assert.deepEqual([name, muted, beep, maxParticipants], ['team', true, { enter: false, exit: true }, 7]);
    assert.equal(locals.length, 0);
  });

  test('is refused where there is no room', async () => {
    const reason = fault(roomCodes.conferenceFull, 'full');
    const { stayed } = await visit(async (_guest, say, leg) => {
      await say({ kind: 'over', stayed: { how: 'refused', sid: 'CF1', ms: 0, fault: reason } });
      leg.end({ side: 'callee', cause: 'NORMAL_CLEARING' });
    });
    assert.deepEqual([stayed.how, stayed.fault?.code], ['refused', roomCodes.conferenceFull.code]);
  });

  test('that the owner sends away again and again is refused in the end', async () => {
    const { stayed, locals } = await visit(async (_guest, say, leg) => {
      await say({ kind: 'moved' });
      leg.end({ side: 'callee', cause: 'NORMAL_CLEARING' });
      await turn();
    });
    assert.deepEqual([stayed.how, stayed.fault?.code], ['refused', roomCodes.notJoined.code]);
    assert.equal(locals.length, 0);
  });
});

suite('what goes through the store of a participant', () => {
  const call = new ScriptedCall(CallSpan.none());
  const wish: JoinWish = {
    call,
    account: 'acme',
    name: 'team',
    startOnEnter: true,
    endOnExit: false,
    muted: false,
    deaf: false,
    beep: { enter: false, exit: false },
    maxParticipants: 250,
    wait: async () => {},
    span: CallSpan.none(),
  };

  test('has no secrets: no settings, and no callback with a password in its URL', () => {
    const settings = settingsOf({ voice_url: 'https://app.example.com/' });
    const callback = (url: string) => ({ url, method: 'POST', events: ['join'], settings }) as const;
    const plain = guestOf({ ...wish, callback: callback('https://app.example.com/e') }, 'v');
    assert.deepEqual(plain.callback, { url: 'https://app.example.com/e', method: 'POST', events: ['join'] });
    const secret = guestOf({ ...wish, callback: callback('https://u:p@app.example.com/e') }, 'v');
    assert.equal(secret.callback, undefined);
    assert.deepEqual(readGuest(JSON.parse(JSON.stringify(plain))), plain);
  });

  test('is read with care', () => {
    for (const value of [
      undefined,
      null,
      {},
      { ...guestOf(wish, 'v'), visit: 1 },
      { ...guestOf(wish, 'v'), beep: null },
    ])
      assert.equal(readGuest(value), undefined);
    for (const text of [undefined, '', '{', '{}', '{"kind":"x"}']) assert.equal(readVisit(text), undefined);
  });
});
