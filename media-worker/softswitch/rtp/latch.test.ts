import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Latch } from './latch.ts';

function latch(): Latch {
  const made = new Latch();
  made.signalled('10.0.0.1', 4000);
  return made;
}

test('before anything comes, the signalled address is answered', () => {
  assert.deepEqual([latch().address, latch().port], ['10.0.0.1', 4000]);
});

test('another port of the same host is believed at once', () => {
  const made = latch();
  assert.ok(made.accepts('10.0.0.1', 5555, 1, 1));
  assert.equal(made.port, 5555);
});

test('another host is believed after three packets in a row', () => {
  const made = latch();
  assert.deepEqual(
    [10, 11, 12, 13].map((sequence) => made.accepts('192.0.2.7', 6000, 7, sequence)),
    [false, false, true, true],
  );
  assert.equal(made.address, '192.0.2.7');
});

test('packets of several strangers, or without order, are not', () => {
  const made = latch();
  for (let i = 0; i < 50; i++) {
    assert.equal(made.accepts('192.0.2.7', 6000 + (i % 2), 7, i), false);
    assert.equal(made.accepts('192.0.2.8', 6000, 7, i * 5), false);
  }
});

test('nobody takes over a call that is being heard, but the signalled address always may', () => {
  const made = latch();
  made.accepts('10.0.0.1', 5555, 1, 1);
  for (let i = 0; i < 20; i++) assert.equal(made.accepts('192.0.2.7', 6000, 7, i), false);
  assert.ok(made.accepts('10.0.0.1', 4000, 2, 1));
  assert.equal(made.port, 4000);
});

test('after two seconds of silence a new place is believed', () => {
  const made = latch();
  made.accepts('10.0.0.1', 4000, 1, 1);
  for (let i = 0; i < 100; i++) made.tick();
  assert.deepEqual(
    [1, 2, 3].map((sequence) => made.accepts('192.0.2.7', 6000, 7, sequence)),
    [false, false, true],
  );
});

test('signalling that repeats itself keeps the latch; a new address releases it', () => {
  const made = latch();
  made.accepts('10.0.0.1', 5555, 1, 1);
  made.signalled('10.0.0.1', 4000);
  assert.equal(made.port, 5555);
  made.signalled('10.0.0.2', 4002);
  assert.deepEqual([made.address, made.port], ['10.0.0.2', 4002]);
});
