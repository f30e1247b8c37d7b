import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createGate } from './gate.ts';

const never = new AbortController().signal;
const full = (): Error => new Error('full');

describe('a gate', () => {
  it('lets in so many at a time, the others in the order in which they came', async () => {
    const gate = createGate(2, 10);
    const entered: number[] = [];
    const leaves = [1, 2, 3, 4].map(async (number) => {
      const leave = await gate.enter(never, full);
      entered.push(number);
      return leave;
    });
    const [first, second] = await Promise.all(leaves.slice(0, 2));
    assert.deepEqual([gate.inside, gate.waiting, entered], [2, 2, [1, 2]]);
    second?.();
    (await leaves[2])?.();
    first?.();
    (await leaves[3])?.();
    assert.deepEqual([gate.inside, gate.waiting, entered], [0, 0, [1, 2, 3, 4]]);
  });

  it('refuses those who would wait when too many do', async () => {
    const gate = createGate(1, 1);
    await gate.enter(never, full);
    const waiting = gate.enter(never, full);
    await assert.rejects(gate.enter(never, full), /full/);
    assert.equal(gate.waiting, 1);
    waiting.catch(() => {});
  });

  it('is left once, however often it is said', async () => {
    const gate = createGate(1, 10);
    const leave = await gate.enter(never, full);
    const waiting = [gate.enter(never, full), gate.enter(never, full)];
    leave();
    leave();
    await waiting[0];
    assert.deepEqual([gate.inside, gate.waiting], [1, 1]);
  });

  it('forgets who gives up waiting', async () => {
    const gate = createGate(1, 10);
    const leave = await gate.enter(never, full);
    const call = new AbortController();
    const waiting = gate.enter(call.signal, full);
    call.abort('over');
    await assert.rejects(waiting, (reason) => reason === 'over');
    await assert.rejects(gate.enter(call.signal, full), (reason) => reason === 'over');
    leave();
    assert.deepEqual([gate.inside, gate.waiting], [0, 0]);
  });
});
