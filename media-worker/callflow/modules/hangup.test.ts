import assert from 'node:assert/strict';
import { it } from 'node:test';
import { chain, runFlow } from '../testing/run-flow.ts';

it('hangup: ends the call with normal clearing, children or not, after the sounds before it', async () => {
  const { log, ran, end } = await runFlow(chain(['tts', { text: 'Bye' }], ['hangup'], ['noop']));
  assert.deepEqual(ran, ['tts', 'hangup']);
  assert.deepEqual(log.at(-1), { at: 2000, did: 'hangup' });
  assert.deepEqual(end, { side: 'worker', cause: 'NORMAL_CLEARING' });
});
