import assert from 'node:assert/strict';
import { it } from 'node:test';
import { chain, runFlow } from '../testing/run-flow.ts';

it('answer: answers the call and goes on', async () => {
  const { log, ran } = await runFlow(chain(['answer'], ['sleep', { duration: 1 }]));
  assert.deepEqual(ran, ['answer', 'sleep']);
  assert.deepEqual(log[0], { at: 0, did: 'answer' });
});

it('answer: is harmless on an answered call', async () => {
  const { log } = await runFlow(chain(['answer'], ['answer']), { answered: true });
  assert.deepEqual(log, [{ at: 0, did: 'hangup' }]);
});
