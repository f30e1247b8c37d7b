import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { roomCodes } from '../../crds/errors/rooms.ts';
import { tracing } from '../call/testing/one-call.ts';
import { createBackground } from '../callflow/background.ts';
import type { Outgoing, OutgoingRequest } from '../outgoing/types.ts';
import { FakeRecordings } from '../recordings/testing/fake-recordings.ts';
import { CallSpan } from '../telemetry/span.ts';
import { ScriptedCall } from '../twiml/testing/scripted-call.ts';
import { settingsOf } from '../webhook/testing/call.ts';
import { createRooms, type JoinWish, type Stayed } from './rooms.ts';

interface Visitor {
  readonly call: ScriptedCall;
  readonly stayed: Promise<Stayed>;
  hangUp(): void;
}

function house(status = 200) {
  const requests: OutgoingRequest[] = [];
  const outgoing = {
    request: async (request: OutgoingRequest) => {
      requests.push(request);
      return { ok: true, response: { status } };
    },
  } as unknown as Outgoing;
  const background = createBackground(100);
  const recordings = new FakeRecordings();
  const rooms = createRooms({ outgoing, background, recordings, now: () => 0 });
  return {
    rooms,
    recordings,
    background,
    told: () => requests.map(({ body }) => new URLSearchParams(String(body)).get('StatusCallbackEvent')),
    visit(more: Partial<JoinWish> = {}): Visitor {
      const call = new ScriptedCall(more.span ?? CallSpan.none());
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
        ...more,
      };
      const stayed = rooms.join(wish);
      stayed.catch(() => {});
      return { call, stayed, hangUp: () => call.end({ side: 'caller', cause: 'NORMAL_CLEARING' }) };
    },
  };
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await turn();
}

suite('rooms', () => {
  test('one alone waits; it starts with the second', async () => {
    const { visit } = house();
    const one = visit();
    await settle();
    assert.deepEqual(one.call.sound.did, []);
    const two = visit();
    await settle();
    assert.deepEqual([one.call.sound.did, two.call.sound.did], [['in CF'], ['in CF']]);
    one.hangUp();
    two.hangUp();
    assert.equal((await one.stayed).how, 'left');
  });

  test('two who must not start it wait for a third who may', async () => {
    const { visit } = house();
    const members = [visit({ startOnEnter: false }), visit({ startOnEnter: false })];
    await settle();
    assert.ok(members.every(({ call }) => call.sound.did.length === 0));
    visit();
    await settle();
    assert.ok(members.every(({ call }) => call.sound.did.length === 1));
  });

  test('the wait ends when it starts; what fails while waiting does not end the stay', async () => {
    const { visit } = house();
    let ended = false;
    const one = visit({
      wait: (signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            ended = true;
            resolve();
          });
        }),
    });
    await settle();
    visit();
    await settle();
    assert.equal(ended, true);
    assert.deepEqual(one.call.sound.did, ['in CF']);
  });

  test('endOnExit ends it for all, but not one that has not started', async () => {
    const { visit, rooms } = house();
    const early = visit({ endOnExit: true });
    const member = visit({ startOnEnter: false, name: 'team' });
    await settle();
    early.hangUp();
    await early.stayed;
    assert.equal((await member.stayed).how, 'ended');
    assert.equal(rooms.open, 0);

    const waiting = visit({ startOnEnter: false, endOnExit: true });
    const other = visit({ startOnEnter: false });
    await settle();
    waiting.hangUp();
    await waiting.stayed;
    await settle();
    assert.equal(rooms.open, 1);
    other.hangUp();
    await other.stayed;
    assert.equal(rooms.open, 0);
  });

  test('a name belongs to its account', async () => {
    const { visit } = house();
    const one = visit();
    const two = visit({ account: 'other' });
    await settle();
    assert.deepEqual([one.call.sound.did, two.call.sound.did], [[], []]);
  });

  test('a full one is not entered; the limit of the first counts', async () => {
    const { visit } = house();
    visit({ maxParticipants: 2 });
    visit({ maxParticipants: 250 });
    const third = await visit().stayed;
    assert.equal(third.how, 'refused');
    assert.equal(third.fault?.code, 'PV-2401');
  });

  test('one whom FreeSWITCH does not let in is refused', async () => {
    const { visit } = house();
    visit();
    const two = visit();
    two.call.sound.admitted = false;
    const stayed = await two.stayed;
    assert.deepEqual([stayed.how, stayed.fault?.code], ['refused', 'PV-2402']);
  });

  test('beeps are heard by those who are in', async () => {
    const { visit } = house();
    const one = visit({ beep: { enter: false, exit: true } });
    const two = visit({ beep: { enter: true, exit: false } });
    await settle();
    assert.equal(two.call.sound.did.filter((what) => what.startsWith('play tone_stream')).length, 1);
    one.hangUp();
    await one.stayed;
    assert.equal(two.call.sound.did.filter((what) => what.startsWith('play tone_stream')).length, 2);
  });

  test('events come in order, those that were asked for; the first callback counts', async () => {
    const { visit, told, background } = house();
    const settings = settingsOf({ voice_url: 'https://app.example.com/' });
    const callback = { url: 'https://app.example.com/e', method: 'POST', settings } as const;
    const one = visit({ callback: { ...callback, events: ['start', 'join', 'leave', 'end'] } });
    const two = visit({ callback: { ...callback, url: 'https://other.example/', events: ['join'] } });
    await settle();
    one.hangUp();
    await one.stayed;
    two.hangUp();
    await two.stayed;
    await background.drain(1000);
    assert.deepEqual(told(), [
      'participant-join',
      'participant-join',
      'conference-start',
      'participant-leave',
      'participant-leave',
      'conference-end',
    ]);
  });

  test('an event that cannot be told is a warning in the trace', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { visit, background, told } = house(500);
    const { provider, spans } = tracing();
    const span = CallSpan.root(provider.getTracer('test'), 'call', {});
    const callback = {
      url: 'https://app.example.com/e',
      method: 'POST',
      settings: settingsOf({ voice_url: 'https://app.example.com/' }),
      events: ['join'],
    } as const;
    const one = visit({ callback, span });
    await settle();
    for (let turns = 0; background.running > 0; turns += 1) {
      assert.ok(turns < 100, 'it never gives up');
      await settle();
      t.mock.timers.tick(1000);
    }
    assert.equal(told().length, 3);
    one.hangUp();
    await one.stayed;
    span.end();
    const codes = spans().flatMap(({ events }) => events.map(({ attributes }) => attributes?.['pivot.error.code']));
    assert.ok(codes.includes(roomCodes.eventFailed.code), String(codes));
  });

  test('it is recorded from its start to its end, once', async () => {
    const { visit, recordings } = house();
    const about = { account: 'acme' } as never;
    const recording = { about, settings: settingsOf({ voice_url: 'https://app.example.com/' }) };
    const one = visit({ recording });
    await settle();
    assert.equal(recordings.opened.length, 0);
    const two = visit({ recording });
    await settle();
    assert.equal(recordings.opened.length, 1);
    one.hangUp();
    await one.stayed;
    assert.deepEqual(recordings.ended, []);
    two.hangUp();
    await two.stayed;
    assert.deepEqual(recordings.ended, ['recorded']);
  });

  test('the stay ends with the signal of the wish; the others stay', async () => {
    const { visit, rooms } = house();
    const limit = new AbortController();
    visit();
    const two = visit({ signal: limit.signal });
    await settle();
    limit.abort();
    assert.equal((await two.stayed).how, 'left');
    assert.equal(rooms.open, 1);
  });
});
