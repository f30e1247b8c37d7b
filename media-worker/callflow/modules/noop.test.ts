import assert from 'node:assert/strict';
import { it } from 'node:test';
import { chain, runFlow } from '../testing/run-flow.ts';

it('noop: does nothing, answers nothing, and goes on', async () => {
  const { log, ran } = await runFlow(chain(['noop'], ['noop']));
  assert.deepEqual(ran, ['noop', 'noop']);
  assert.deepEqual(log, [{ at: 0, did: 'hangup' }]);
});
