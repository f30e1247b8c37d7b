import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EVENT_DIGITS, EventReceiver, EventSender } from './telephone-event.ts';

interface Sent {
  readonly tick: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly payload: Uint8Array;
}

function send(digits: string, durationMs: number): { packets: Sent[]; doneAt: number } {
  const sender = new EventSender();
  const packets: Sent[] = [];
  let doneAt = -1;
  let tick = 0;
  sender.queue(digits, durationMs, () => {
    doneAt = tick;
  });
  while (sender.active) {
    if (sender.tick(tick * 160) === 'event') {
      packets.push({ tick, timestamp: sender.timestamp, marker: sender.marker, payload: sender.payload.slice() });
    }
    tick++;
  }
  return { packets, doneAt };
}

function receiver(): { receiver: EventReceiver; digits: [string, number][] } {
  const digits: [string, number][] = [];
  return { receiver: new EventReceiver((digit, duration) => digits.push([digit, duration])), digits };
}

function feed(to: EventReceiver, packet: Pick<Sent, 'timestamp' | 'payload'>): void {
  to.packet(packet.timestamp, packet.payload, 0, packet.payload.length);
}

test('a digit of 100 ms: five packets, the last three times, one timestamp, the marker first', () => {
  const { packets, doneAt } = send('5', 100);
  assert.deepEqual(
    packets.map(({ payload }) => (payload[2]! << 8) | payload[3]!),
    [160, 320, 480, 640, 800, 800, 800],
  );
  assert.deepEqual(
    packets.map(({ payload }) => payload[1]! >> 7),
    [0, 0, 0, 0, 1, 1, 1],
  );
  assert.deepEqual(
    packets.map(({ marker }) => marker),
    [true, false, false, false, false, false, false],
  );
  assert.ok(packets.every(({ timestamp, payload }) => timestamp === 0 && payload[0] === 5));
  assert.equal(doneAt, 6);
});

test('between digits there are at least 40 ms of nothing, and w is half a second', () => {
  const { packets } = send('1w2', 100);
  const second = packets.find(({ payload }) => payload[0] === 2)!;
  const endOfFirst = packets.filter(({ payload }) => payload[0] === 1).at(-1)!;
  assert.ok(second.tick - endOfFirst.tick >= 25);
  const near = send('12', 100).packets;
  assert.ok(near.find(({ payload }) => payload[0] === 2)!.tick - near[6]!.tick >= 3);
});

test('all digits arrive once each, whichever packets are lost, as long as one of each comes', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...EVENT_DIGITS), minLength: 1, maxLength: 6 }),
      fc.array(fc.boolean(), { minLength: 42, maxLength: 42 }),
      fc.boolean(),
      (text, kept, doubled) => {
        const { packets } = send(text, 60);
        const { receiver: to, digits } = receiver();
        let next = 0;
        for (let tick = 0; tick < 12 * text.length + 20; tick++) {
          for (const packet of packets.filter((candidate) => candidate.tick === tick)) {
            const keep = kept[next++ % kept.length]! || packet.marker;
            if (keep) feed(to, packet);
            if (keep && doubled) feed(to, packet);
          }
          to.tick();
        }
        assert.equal(digits.map(([digit]) => digit).join(''), text);
      },
    ),
  );
});

test('the digit comes with the first end packet, not later', () => {
  const { packets } = send('#', 100);
  const { receiver: to, digits } = receiver();
  for (const packet of packets.slice(0, 5)) feed(to, packet);
  assert.deepEqual(digits, [['#', 800]]);
});

test('a lost end is made up for by the next digit, or by 160 ms of silence', () => {
  const { packets } = send('12', 100);
  const { receiver: to, digits } = receiver();
  for (const packet of packets.filter(({ payload }) => payload[1]! >> 7 === 0)) feed(to, packet);
  assert.deepEqual(digits, [['1', 640]]);
  for (let i = 0; i < 8; i++) to.tick();
  assert.deepEqual(digits.at(-1), ['2', 640]);
});

test('packets of an earlier digit that come late are no digit', () => {
  const { packets } = send('12', 100);
  const { receiver: to, digits } = receiver();
  for (const packet of packets) feed(to, packet);
  for (const packet of packets.slice(0, 7)) feed(to, packet);
  assert.equal(digits.length, 2);
});

test('flash and unknown events are no digits, and garbage never throws', () => {
  const { receiver: to, digits } = receiver();
  feed(to, { timestamp: 1, payload: Uint8Array.of(16, 0x8a, 3, 32) });
  assert.equal(digits.length, 0);
  fc.assert(
    fc.property(fc.nat(0xffffffff), fc.uint8Array({ maxLength: 8 }), (timestamp, payload) => {
      feed(to, { timestamp, payload });
      to.tick();
    }),
  );
  assert.ok(digits.every(([digit]) => EVENT_DIGITS.includes(digit)));
});
