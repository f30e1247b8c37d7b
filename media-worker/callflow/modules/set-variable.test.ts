import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { engineCodes } from '../../../crds/errors/engine.ts';
import { chain, flowOf, runFlow } from '../testing/run-flow.ts';

describe('set_variable', () => {
  for (const variable of ['call_priority', 'group_id']) {
    it(`sets ${variable}`, async () => {
      const { call, ran } = await runFlow(chain(['set_variable', { variable, value: '5' }], ['noop']));
      assert.deepEqual([...call.memory.customChannelVars], [[variable, '5']]);
      assert.deepEqual(ran, ['set_variable', 'noop']);
    });
  }

  it('ignores any other name, with a warning, and goes on', async () => {
    const { call, ran, warnings } = await runFlow(chain(['set_variable', { variable: 'x', value: '5' }], ['noop']));
    assert.equal(call.memory.customChannelVars.size, 0);
    assert.deepEqual(warnings, [engineCodes.badActionData.code]);
    assert.deepEqual(ran, ['set_variable', 'noop']);
  });

  it('is what branch_variable branches on', async () => {
    const branch = {
      module: 'branch_variable',
      data: { variable: 'group_id' },
      children: { sales: { module: 'noop' } },
    };
    const flow = { module: 'set_variable', data: { variable: 'group_id', value: 'sales' }, children: { _: branch } };
    assert.deepEqual((await runFlow(flowOf(flow))).ran, ['set_variable', 'branch_variable', 'noop']);
  });
});
