import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ScriptedCall } from '../../twiml/testing/scripted-call.ts';
import { chain, runFlow } from '../testing/run-flow.ts';

function before(call: ScriptedCall): void {
  call.memory.collections.set('default', '1').set('pin', '2');
  call.digits.push('3');
}

describe('flush_dtmf', () => {
  it('forgets the collection "default" and what was typed ahead', async () => {
    const { call } = await runFlow(chain(['flush_dtmf']), { before });
    assert.deepEqual([...call.memory.collections], [['pin', '2']]);
    assert.equal(call.digits.pending, '');
  });

  it('forgets a named collection only', async () => {
    const { call } = await runFlow(chain(['flush_dtmf', { collection_name: 'pin' }]), { before });
    assert.deepEqual([...call.memory.collections], [['default', '1']]);
    assert.equal(call.digits.pending, '3');
  });
});
