import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { run } from '../testing/scenario.ts';

suite('<Hangup>', () => {
  test('ends the call; verbs after it do not run', async () => {
    const result = await run('<Say>bye</Say><Hangup/><Say>never</Say>');
    assert.deepEqual(result.outcome, { kind: 'stop' });
    assert.deepEqual(result.heard, ['bye']);
    assert.deepEqual(result.log.at(-1), { at: 2000, did: 'hangup', cause: 'NORMAL_CLEARING' });
  });

  test('does not answer first (T39)', async () => {
    const result = await run('<Hangup/>');
    assert.deepEqual(result.log, [{ at: 0, did: 'hangup', cause: 'NORMAL_CLEARING' }]);
  });

  test('white space, attributes and children are tolerated (T27)', async () => {
    assert.deepEqual((await run('<Hangup> \n</Hangup>')).warnings, []);
    const result = await run('<Hangup foo="1"><Parameter name="a" value="b"/><Say>x</Say></Hangup>');
    assert.deepEqual(result.warnings, ['PV-1352', 'PV-1357', 'PV-1353']);
    assert.equal(result.outcome.kind, 'stop');
  });
});
