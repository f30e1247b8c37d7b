import assert from 'node:assert/strict';
import { it } from 'node:test';
import { chain, runFlow } from '../testing/run-flow.ts';

it('dead_air: answers and is silent until the caller leaves; nothing follows', async () => {
  const { log, ran, ms, heard } = await runFlow(chain(['dead_air'], ['noop']), { callerHangsUpAt: 60_000 });
  assert.deepEqual(log, [{ at: 0, did: 'answer' }]);
  assert.deepEqual(ran, ['dead_air']);
  assert.deepEqual(heard, []);
  assert.ok(ms >= 60_000);
});
