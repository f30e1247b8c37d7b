import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findActivity, findTone, join, silence, sine, speechLikeness } from './sound.ts';

test('a tone is found with its start and length, and no other tone in its place', () => {
  const sound = join(silence(300), sine(440, 500), silence(200), sine(440, 100, 0.1), sine(700, 300));
  const found = findTone(sound, 440);
  assert.equal(found.length, 2);
  for (const [index, startMs, lengthMs] of [
    [0, 300, 500],
    [1, 1000, 100],
  ] as const) {
    assert.ok(Math.abs(found[index]!.startMs - startMs) <= 20, JSON.stringify(found));
    assert.ok(Math.abs(found[index]!.lengthMs - lengthMs) <= 30, JSON.stringify(found));
  }
  assert.equal(findTone(sound, 700).length, 1);
  assert.deepEqual(findTone(sound, 1000), []);
});

test('activity is found across gaps', () => {
  const found = findActivity(join(silence(100), sine(500, 200), silence(100), sine(500, 200), silence(500)));
  assert.deepEqual(found, [{ startMs: 100, lengthMs: 500 }]);
});

test('neither a tone nor silence nor noise is taken for speech', () => {
  const noise = { samples: Float32Array.from({ length: 8000 }, () => Math.random() - 0.5), rate: 8000 };
  for (const sound of [silence(1000), sine(440, 1000), noise, join(sine(440, 500), silence(500))]) {
    assert.equal(speechLikeness(sound).isSpeech, false);
  }
});
