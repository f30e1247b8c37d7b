import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Condition,
  conditionsOf,
  MESSAGE_LIMIT,
  mergeConditions,
  microTime,
  setCondition,
  time,
  transitionsOf,
  truncateMessage,
} from './conditions.ts';

const NOON = Date.UTC(2026, 6, 1, 12, 0, 0, 123);
const READY: Condition = {
  type: 'Ready',
  status: 'True',
  reason: 'Ready',
  message: 'fine',
  observedGeneration: 1,
  lastTransitionTime: '2026-01-01T00:00:00Z',
};

test('lastTransitionTime moves when the status flips, and only then', () => {
  const { lastTransitionTime: _time, ...stated } = READY;
  const changes: readonly (readonly [Partial<Condition>, string])[] = [
    [{}, READY.lastTransitionTime],
    [{ reason: 'Other', message: 'still fine', observedGeneration: 2 }, READY.lastTransitionTime],
    [{ status: 'False' }, '2026-07-01T12:00:00Z'],
    [{ status: 'Unknown' }, '2026-07-01T12:00:00Z'],
    [{ type: 'New' }, '2026-07-01T12:00:00Z'],
  ];
  for (const [change, expected] of changes) {
    assert.equal(mergeConditions([READY], [{ ...stated, ...change }], NOON)[0]!.lastTransitionTime, expected);
  }
});

test('merging writes what is stated, in its order; setting one leaves the others', () => {
  const { lastTransitionTime: _time, ...stated } = READY;
  const other = { ...READY, type: 'Other' };
  assert.deepEqual(mergeConditions([other, READY], [stated], NOON), [READY]);
  assert.deepEqual(setCondition([other, READY], { ...stated, message: 'new' }, NOON), [
    other,
    { ...READY, message: 'new' },
  ]);
  assert.deepEqual(setCondition([other], stated, NOON), [other, { ...READY, lastTransitionTime: time(NOON) }]);
});

test('a message is cut to what the server takes, at a whole character', () => {
  assert.equal(truncateMessage('x'.repeat(MESSAGE_LIMIT)).length, MESSAGE_LIMIT);
  for (const text of ['x', 'ü', '世', '👋']) {
    const cut = truncateMessage(text.repeat(MESSAGE_LIMIT + 1));
    assert.ok(Buffer.byteLength(cut) <= MESSAGE_LIMIT && Buffer.byteLength(cut) > MESSAGE_LIMIT - 4);
    assert.ok(cut.isWellFormed() && cut.endsWith('…'));
  }
  const [long] = mergeConditions([], [{ ...READY, message: 'x'.repeat(40_000) }], NOON);
  assert.equal(Buffer.byteLength(long!.message), MESSAGE_LIMIT);
});

test('a transition is a condition that is new, or whose status or reason changed', () => {
  assert.deepEqual(transitionsOf([READY], [{ ...READY, message: 'other words' }]), []);
  for (const after of [{ ...READY, status: 'False' } as const, { ...READY, reason: 'Else' }]) {
    assert.deepEqual(transitionsOf([READY], [after]), [{ before: READY, after }]);
  }
  assert.deepEqual(transitionsOf([], [READY]), [{ before: undefined, after: READY }]);
});

test('only conditions are read out of a status, whatever stands in it', () => {
  assert.deepEqual(conditionsOf({ conditions: [READY, null, 'x', {}, { ...READY, status: 'true' }] }), [READY]);
  for (const status of [undefined, null, 7, {}, { conditions: {} }]) assert.deepEqual(conditionsOf(status), []);
});

test('times are written as the server wants them', () => {
  assert.equal(time(NOON), '2026-07-01T12:00:00Z');
  assert.equal(microTime(NOON), '2026-07-01T12:00:00.123000Z');
});
