import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Slots } from './slots.ts';

test('so many at the same time and no more, in the order in which they came; a turn ends once', async () => {
  const slots = new Slots(2);
  const order: number[] = [];
  const ends = await Promise.all([slots.take(), slots.take()]);
  const turn = async (number: number): Promise<() => void> => {
    const end = await slots.take();
    order.push(number);
    return end;
  };
  const [third, fourth] = [turn(3), turn(4)];
  await setImmediate();
  assert.deepEqual(order, []);
  ends[0]!();
  ends[0]!();
  await third;
  await setImmediate();
  assert.deepEqual(order, [3]);
  ends[1]!();
  (await fourth)();
  (await third)();
  const again = await Promise.all([slots.take(), slots.take()]);
  assert.equal(again.length, 2);
});
