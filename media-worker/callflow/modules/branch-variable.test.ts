import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json } from '../../../crds/callflow/node.ts';
import { engineCodes } from '../../../crds/errors/engine.ts';
import type { ScriptedCall } from '../../twiml/testing/scripted-call.ts';
import { type FlowResult, flowOf, runFlow } from '../testing/run-flow.ts';

const CHILDREN = Object.fromEntries(
  ['gold', 'true', '3', 'GOLD', '_'].map((key) => [key, { module: 'language', data: { language: 'en' } }]),
);

/** Runs a branch; `language` stands for the child that was taken, by its span's place in the flow. */
async function branch(
  data: object,
  before: (call: ScriptedCall) => void,
  children: Readonly<Record<string, object>> = CHILDREN,
): Promise<FlowResult & { taken: string | undefined }> {
  const marked = Object.fromEntries(
    Object.keys(children).map((key) => [
      key,
      { module: 'set_variables', data: { custom_application_vars: { taken: key } } },
    ]),
  );
  const result = await runFlow(flowOf({ module: 'branch_variable', data, children: marked }), { before });
  return { ...result, taken: result.call.memory.customApplicationVars.get('taken') as string | undefined };
}

const channel =
  (name: string, value: string) =>
  (call: ScriptedCall): void => {
    call.memory.customChannelVars.set(name, value);
  };
const application =
  (name: string, value: Json) =>
  (call: ScriptedCall): void => {
    call.memory.customApplicationVars.set(name, value);
  };

describe('branch_variable', () => {
  it("takes the child that has a channel variable's value as its key (scope custom_channel_vars, the default)", async () => {
    assert.equal((await branch({ variable: 'group_id' }, channel('group_id', 'gold'))).taken, 'gold');
  });

  it('normalises the name: lower case, - becomes _', async () => {
    assert.equal((await branch({ variable: 'Group-ID' }, channel('group_id', 'gold'))).taken, 'gold');
  });

  it('matches by exact key: the value "GoLD" has no child', async () => {
    assert.equal((await branch({ variable: 'group_id' }, channel('group_id', 'GoLD'))).taken, '_');
  });

  it('goes on at _ without the variable', async () => {
    assert.equal((await branch({ variable: 'group_id' }, () => {})).taken, '_');
  });

  it('ends the call when neither the value nor _ is a child', async () => {
    const { taken, end } = await branch({ variable: 'group_id' }, channel('group_id', 'x'), { gold: {} });
    assert.equal(taken, undefined);
    assert.equal(end.cause, 'NORMAL_CLEARING');
  });

  it('does not take a property that every object has for a child', async () => {
    assert.equal((await branch({ variable: 'group_id' }, channel('group_id', 'constructor'))).taken, '_');
  });

  const values: readonly [value: Json, taken: string][] = [
    ['gold', 'gold'],
    [true, 'true'],
    [3, '3'],
    [null, '_'],
    [['gold'], '_'],
    [{ gold: 1 }, '_'],
  ];
  for (const [value, taken] of values) {
    it(`scope custom_application_vars (ours): ${JSON.stringify(value)} takes ${taken}`, async () => {
      const data = { scope: 'custom_application_vars', variable: 'tier' };
      assert.equal((await branch(data, application('tier', value))).taken, taken);
    });
  }

  it('scope merged: the channel variable, since there are no endpoints here', async () => {
    assert.equal((await branch({ scope: 'merged', variable: 'group_id' }, channel('group_id', '3'))).taken, '3');
  });

  for (const scope of ['account', 'user', 'device']) {
    it(`scope ${scope}: _ with a warning, since this version has none`, async () => {
      const { taken, warnings } = await branch({ scope, variable: 'group_id' }, channel('group_id', 'gold'));
      assert.equal(taken, '_');
      assert.deepEqual(warnings, [engineCodes.badActionData.code]);
    });
  }
});
