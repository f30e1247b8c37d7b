import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { DigitQueue } from './digits.ts';

const never = new AbortController().signal;

describe('the digits of a call', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  it('wait, in order, until somebody takes them', async () => {
    const digits = new DigitQueue();
    for (const digit of '12#*A') digits.push(digit);
    assert.equal(digits.pending, '12#*A');
    assert.equal(digits.takeOne(), '1');
    assert.equal(await digits.next(0, never), '2');
    assert.equal(digits.takeAll(), '#*A');
    assert.equal(digits.takeOne(), undefined);
    assert.equal(digits.takeAll(), '');
  });

  it('are keys of a telephone and nothing else', () => {
    const digits = new DigitQueue();
    for (const noise of ['', 'E', 'x', '12', ' ', 'é']) digits.push(noise);
    assert.equal(digits.pending, '');
  });

  it('are kept up to 256; later ones are dropped, though listeners hear them', () => {
    const digits = new DigitQueue();
    let heard = 0;
    digits.listen(() => {
      heard += 1;
    });
    for (let count = 0; count < 1000; count += 1) digits.push(String(count % 10));
    assert.equal(digits.pending.length, 256);
    assert.equal(digits.pending.slice(0, 3), '012');
    assert.equal(heard, 1000);
  });

  it('are told to listeners at once, until they stop listening', () => {
    const digits = new DigitQueue();
    const heard: string[] = [];
    const stop = digits.listen((digit) => heard.push(digit));
    digits.push('1');
    stop();
    digits.push('2');
    assert.deepEqual(heard, ['1']);
  });

  it('may make a listener stop itself or another in the middle', () => {
    const digits = new DigitQueue();
    const heard: string[] = [];
    const stopFirst = digits.listen(() => {
      heard.push('first');
      stopFirst();
    });
    digits.listen(() => heard.push('second'));
    digits.push('1');
    digits.push('2');
    assert.deepEqual(heard, ['first', 'second', 'second']);
  });

  it('waited for: the next one, or undefined when the time is over', async () => {
    const digits = new DigitQueue();
    const first = digits.next(1000, never);
    digits.push('5');
    assert.equal(await first, '5');
    assert.equal(digits.pending, '');
    const second = digits.next(1000, never);
    mock.timers.tick(1000);
    assert.equal(await second, undefined);
  });

  it('waited for: rejects with the reason when the call ends, before or meanwhile, and leaves nothing behind', async () => {
    const digits = new DigitQueue();
    const call = new AbortController();
    const waiting = digits.next(1000, call.signal);
    call.abort('over');
    await assert.rejects(waiting, (reason) => reason === 'over');
    await assert.rejects(
      async () => digits.next(1000, call.signal),
      (reason) => reason === 'over',
    );
    digits.push('1');
    assert.equal(digits.pending, '1');
  });

  it('waited for longer than a timer can: as long as it can', async () => {
    const digits = new DigitQueue();
    for (const ms of [2 ** 31, Number.POSITIVE_INFINITY]) {
      const waiting = digits.next(ms, never);
      mock.timers.tick(1_000_000);
      digits.push('1');
      assert.equal(await waiting, '1');
    }
  });
});
