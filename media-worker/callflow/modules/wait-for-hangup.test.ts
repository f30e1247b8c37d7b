import assert from 'node:assert/strict';
import { it } from 'node:test';
import { chain, runFlow } from '../testing/run-flow.ts';

it('wait_for_hangup: waits until the caller leaves, without answering; nothing follows', async () => {
  const { log, ran, ms } = await runFlow(chain(['wait_for_hangup'], ['noop']), { callerHangsUpAt: 60_000 });
  assert.deepEqual(log, []);
  assert.deepEqual(ran, ['wait_for_hangup']);
  assert.ok(ms >= 60_000);
});
