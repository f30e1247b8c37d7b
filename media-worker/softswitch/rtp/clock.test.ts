import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClockMember, createMediaClock, type TimeSource } from './clock.ts';

/** Time that passes only when the test says so. */
class HandTime implements TimeSource {
  time = 1000;
  #due = 0;
  #callback: (() => void) | undefined;

  now(): number {
    return this.time;
  }

  after(delayMs: number, callback: () => void): () => void {
    this.#due = this.time + delayMs;
    this.#callback = callback;
    return () => {
      this.#callback = undefined;
    };
  }

  get armed(): boolean {
    return this.#callback !== undefined;
  }

  /** Lets time pass; each timer fires `lateMs` after its time. */
  pass(milliseconds: number, lateMs = 0): void {
    const end = this.time + milliseconds;
    while (this.#callback !== undefined && this.#due + lateMs <= end) {
      this.time = Math.max(this.time, this.#due + lateMs);
      const callback = this.#callback;
      this.#callback = undefined;
      callback();
    }
    this.time = end;
  }
}

function counter(): ClockMember & { ticks: number; skipped: number; times: number[]; lates: number[] } {
  return {
    ticks: 0,
    skipped: 0,
    times: [],
    lates: [],
    tick(lateMs) {
      this.ticks++;
      this.lates.push(lateMs);
    },
    skip(frames) {
      this.skipped += frames;
    },
  };
}

test('an hour of late timers gives exactly as many ticks as there are 20 ms in it', () => {
  const time = new HandTime();
  const clock = createMediaClock(time);
  const member = counter();
  clock.add(member);
  time.pass(3_600_000, 1.3);
  assert.ok(Math.abs(member.ticks - 180_000) <= 1, String(member.ticks));
  assert.equal(member.skipped, 0);
  assert.ok(Math.max(...member.lates.slice(-100)) < 2);
});

test('100 members are spread: never more than a tenth of them at once', () => {
  const time = new HandTime();
  const clock = createMediaClock(time);
  const ticks = new Map<number, number>();
  for (let i = 0; i < 100; i++) {
    clock.add({ tick: () => void ticks.set(time.time, (ticks.get(time.time) ?? 0) + 1) });
  }
  time.pass(40);
  ticks.clear();
  time.pass(20);
  assert.deepEqual([...ticks.values()], Array(10).fill(10));
});

test('a short stall is caught up', () => {
  const time = new HandTime();
  const clock = createMediaClock(time);
  const member = counter();
  clock.add(member);
  time.pass(100);
  const before = member.ticks;
  time.pass(70, 59);
  time.pass(30);
  assert.equal(member.ticks - before, 5);
  assert.equal(member.skipped, 0);
});

test('of a long stall no more than three frames are sent at once; the rest is time given up', () => {
  const time = new HandTime();
  const clock = createMediaClock(time);
  const member = counter();
  clock.add(member);
  time.pass(100);
  const before = member.ticks;
  time.pass(2000, 1990);
  assert.ok(member.ticks - before <= 3, `${member.ticks - before} at once`);
  time.pass(1000);
  const all = member.ticks - before + member.skipped;
  assert.ok(Math.abs(all - 150) <= 1, `${all} frames in 3 s`);
  assert.equal(clock.skippedFrames, member.skipped);
});

test('a removed member is not called any more, not even in the same round, and the timer stops with the last', () => {
  const time = new HandTime();
  const clock = createMediaClock(time);
  const second = counter();
  const first: ClockMember = { tick: () => clock.remove(second) };
  clock.add(first);
  clock.add(second);
  time.pass(100);
  assert.equal(second.ticks, 0);
  clock.remove(first);
  assert.equal(time.armed, false);
  clock.add(second);
  time.pass(100);
  assert.ok(second.ticks >= 4);
});

test('after a stall one frame is caught up with at a time, so that sockets are read in between', () => {
  const time = new HandTime();
  const clock = createMediaClock(time);
  const at: number[] = [];
  clock.add({ tick: () => void at.push(time.now()) });
  time.pass(100);
  const before = at.length;
  // The next timer comes 60 ms late, those after it in time.
  time.pass(80, 60);
  time.pass(10);
  const rounds = at.slice(before);
  assert.ok(rounds.length >= 4);
  assert.equal(new Set(rounds).size, rounds.length);
});
