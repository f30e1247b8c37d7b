import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { toneShare } from '../audio/goertzel.ts';
import { createG711 } from './g711.ts';
import { JitterBuffer } from './jitter-buffer.ts';
import { FRAME_SAMPLES } from './types.ts';

const { encode, decode } = createG711().PCMU;
const FREQUENCY = 440;

/** Packet `n` of a tone, `samples` long. */
function tonePacket(n: number, samples = FRAME_SAMPLES): Uint8Array {
  return Uint8Array.from({ length: samples }, (_, i) => {
    const sample = Math.round(8000 * Math.sin((2 * Math.PI * FREQUENCY * (n * samples + i)) / 8000));
    return encode[sample & 0xffff]!;
  });
}

class FarEnd {
  readonly buffer = new JitterBuffer();
  readonly heard: number[] = [];
  readonly #frame = new Int16Array(FRAME_SAMPLES);
  #first: number;

  constructor(firstTimestamp = 0xffffff00) {
    this.#first = firstTimestamp;
  }

  send(n: number, samples = FRAME_SAMPLES): void {
    this.buffer.arrived((n + 65530) & 0xffff);
    const data = tonePacket(n, samples);
    this.buffer.put((this.#first + n * samples) >>> 0, data, 0, data.length, decode);
  }

  hear(frames = 1): void {
    for (let i = 0; i < frames; i++) {
      this.buffer.read(this.#frame);
      this.heard.push(...this.#frame);
    }
  }

  share(from: number, to: number): number {
    return toneShare(Int16Array.from(this.heard.slice(from * FRAME_SAMPLES, to * FRAME_SAMPLES)), FREQUENCY);
  }
}

test('sound in order comes out whole, 40 ms later, across the wraps of both counters', () => {
  const far = new FarEnd();
  for (let n = 0; n < 100; n++) {
    far.send(n);
    far.hear();
  }
  assert.ok(far.share(2, 100) > 0.99);
  assert.equal(far.heard[2 * FRAME_SAMPLES + 5], decode[tonePacket(0)[5]!]);
  assert.deepEqual([far.buffer.lost, far.buffer.late, far.buffer.discarded], [0, 0, 0]);
});

test('packets that overtake each other, and doubled ones, make no difference', () => {
  const far = new FarEnd();
  for (let n = 0; n < 100; n += 2) {
    far.send(n + 1);
    far.send(n);
    far.send(n);
    far.hear(2);
  }
  assert.ok(far.share(3, 99) > 0.99);
  assert.equal(far.buffer.lost, 0);
  assert.equal(far.buffer.discarded, 50);
});

test('packets of 10, 30 and 60 ms are taken as well', () => {
  for (const samples of [80, 240, 480]) {
    const far = new FarEnd();
    for (let n = 0, sent = 0; n < 100; n++) {
      while (sent * samples <= n * FRAME_SAMPLES) far.send(sent++, samples);
      far.hear();
    }
    assert.ok(far.share(5, 99) > 0.99, `${samples} samples`);
    assert.equal(far.buffer.lost, 0);
  }
});

test('a lost packet is concealed, counted, and silence only follows after 60 ms', () => {
  const far = new FarEnd();
  for (let n = 0; n < 40; n++) {
    if (n !== 20) far.send(n);
    far.hear();
  }
  assert.equal(far.buffer.lost, 1);
  const gap = far.heard.slice(22 * FRAME_SAMPLES, 23 * FRAME_SAMPLES);
  assert.ok(Math.max(...gap) > 4000);
  far.hear(20);
  assert.ok(far.heard.slice(-FRAME_SAMPLES).every((sample) => sample === 0));
});

test('steady jitter makes the delay grow until nothing comes too late any more', () => {
  const far = new FarEnd();
  const arrivals = new Map<number, number[]>();
  for (let n = 0; n < 1000; n++) {
    const at = n + [0, 4, 1, 5][n % 4]!;
    arrivals.set(at, [...(arrivals.get(at) ?? []), n]);
  }
  for (let tick = 0; tick < 1000; tick++) {
    for (const n of arrivals.get(tick) ?? []) far.send(n);
    far.hear();
  }
  assert.ok(far.buffer.target > 2);
  const late = far.buffer.late;
  assert.ok(late < 200, `${late} late`);
  assert.ok(far.share(900, 990) > 0.9, String(far.share(900, 990)));
});

for (const [name, ratio] of [
  ['fast', 1.002],
  ['slow', 0.998],
] as const) {
  test(`a far end whose clock is 0.2 % ${name} is followed for five minutes`, () => {
    const far = new FarEnd();
    let sent = 0;
    let played = 0;
    for (let tick = 0; tick < 15_000; tick++) {
      while (sent <= tick * ratio) far.send(sent++);
      far.hear();
      played += far.heard.at(-1) === 0 && far.heard.at(-80) === 0 ? 0 : 1;
      far.heard.length = Math.min(far.heard.length, FRAME_SAMPLES);
    }
    // 30 frames too many or too few; each may cost some packets around it, not more.
    assert.ok(far.buffer.late <= 130, `${far.buffer.late} late`);
    assert.ok(played > 14_700, `${played} frames with sound`);
    assert.ok(far.buffer.buffered < 8 * FRAME_SAMPLES, `${far.buffer.buffered} samples wait`);
  });
}

test('after a stall of the network everything is heard, and the delay shrinks again', () => {
  const far = new FarEnd();
  for (let n = 0; n < 50; n++) {
    far.send(n);
    far.hear();
  }
  far.hear(25);
  for (let n = 50; n < 75; n++) far.send(n);
  assert.ok(far.buffer.buffered > 20 * FRAME_SAMPLES);
  for (let n = 75; n < 400; n++) {
    far.send(n);
    far.hear();
  }
  assert.ok(far.share(80, 100) > 0.95);
  assert.ok(far.share(380, 399) > 0.9);
  assert.ok(far.buffer.buffered < 8 * FRAME_SAMPLES, `${far.buffer.buffered} samples wait`);
});

test('a jump of the far end’s time is followed after five packets', () => {
  const far = new FarEnd(1_000_000);
  for (let n = 0; n < 50; n++) {
    far.send(n);
    far.hear();
  }
  const other = new FarEnd(500_000);
  for (let n = 0; n < 50; n++) {
    const data = tonePacket(n);
    far.buffer.put(500_000 + n * FRAME_SAMPLES, data, 0, data.length, decode);
    far.hear();
  }
  assert.ok(far.share(62, 99) > 0.9);
  assert.equal(other.buffer.late, 0);
});

test('garbage in time and length never throws and never leaves the range of samples', () => {
  const frame = new Int16Array(FRAME_SAMPLES);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(0xffffffff), fc.nat(0xffff), fc.nat(2000), fc.nat(3)), { maxLength: 60 }),
      (packets) => {
        const buffer = new JitterBuffer();
        for (const [timestamp, sequence, length, reads] of packets) {
          buffer.arrived(sequence);
          buffer.put(timestamp, new Uint8Array(length), 0, length, decode);
          for (let i = 0; i < reads; i++) {
            buffer.read(frame);
            assert.ok(frame.every((sample) => sample > -32768));
          }
        }
      },
    ),
  );
});
