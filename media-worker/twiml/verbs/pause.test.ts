import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { next, run } from '../testing/scenario.ts';

suite('<Pause>', () => {
  test('length: 1 s by default, else so many seconds; 0 does not wait', async () => {
    assert.equal((await run('<Pause/>')).ms, 1000);
    assert.equal((await run('<Pause length="7"/>')).ms, 7000);
    assert.equal((await run('<Pause length="0"/>')).ms, 0);
  });

  test('length: negative is 0, more than 3600 is 3600, a word is 1; each with a warning (T2)', async () => {
    for (const [length, ms] of [
      ['-1', 0],
      ['9999', 3_600_000],
      ['long', 1000],
    ] as const) {
      const result = await run(`<Pause length="${length}"/>`);
      assert.equal(result.ms, ms);
      assert.equal(result.warnings.length, 1);
    }
  });

  test('as first verb it delays answering', async () => {
    const result = await run('<Pause length="3"/><Say>a</Say>');
    assert.deepEqual(result.log[0], { at: 3000, did: 'answer' });
  });

  test('white space in it does not matter (T27); text is a warning', async () => {
    assert.deepEqual((await run('<Pause> \n</Pause>')).warnings, []);
    assert.deepEqual((await run('<Pause>x</Pause>')).warnings, ['PV-1360']);
  });

  test('a hang-up ends it at once (T35)', async () => {
    const result = await run('<Pause length="60"/><Say>a</Say>', { callerHangsUpAt: 1500 });
    assert.equal(result.outcome.kind, 'call ended');
    assert.equal(result.ms, 1500);
    assert.deepEqual(result.heard, []);
  });

  test('digits do not end it, and stay typed ahead', async () => {
    const result = await run('<Pause length="2"/><Gather numDigits="2"/>', { keys: [[500, '42']] });
    assert.equal(result.ms, 2000);
    assert.equal(next(result).parameters['Digits'], '42');
  });
});
