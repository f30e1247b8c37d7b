import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { chain, type FlowScenario, runFlow } from '../testing/run-flow.ts';

/** Alone in the room, until the caller hangs up. */
const visit = (data: object, more: FlowScenario = {}) =>
  runFlow(chain(['conference', data], ['tts', { text: 'never' }]), { callerHangsUpAt: 30_000, ...more });

suite('conference', () => {
  test('answers, welcomes, and stays; no child runs', async () => {
    const result = await visit({ id: 'team' });
    assert.equal(result.log[0]?.did, 'answer');
    assert.equal(result.heard[0], 'Welcome to the conference.');
    assert.match(result.heard[1] ?? '', /^tone_stream/);
    assert.ok(!result.heard.includes('never'));
  });

  test('welcome_prompt: another sound, or none', async () => {
    const other = await visit({ id: 'team', welcome_prompt: { media_id: 'hello' } });
    assert.equal(other.heard[0], 'hello');
    const none = await visit({ id: 'team', welcome_prompt: { play: false } });
    assert.match(none.heard[0] ?? '', /^tone_stream/);
  });

  test('a PIN lets in; three wrong ones end the call', async () => {
    const config = { name: 'team', member: { pins: ['1234'] }, moderator: { pins: ['9'] } };
    const right = await visit({ config }, { keys: [[5000, '1234#']] });
    assert.match(right.heard.at(-1) ?? '', /^tone_stream/);
    const keys = [
      [5000, '1#'],
      [10_000, '2#'],
      [15_000, '3#'],
    ] as const;
    const wrong = await visit({ config }, { keys });
    assert.equal(wrong.heard.at(-1), 'Too many attempts. Goodbye.');
    assert.equal(wrong.end.side, 'worker');
  });

  test('a room that nobody names ends the call', async () => {
    const result = await visit({});
    assert.deepEqual(result.end.cause, 'NORMAL_TEMPORARY_FAILURE');
  });
});
