import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { engineCodes } from '../../../crds/errors/engine.ts';
import { chain, runFlow } from '../testing/run-flow.ts';

describe('callflow', () => {
  it('runs another callflow of the account, then its own _', async () => {
    const { ran } = await runFlow(chain(['callflow', { id: 'greeting' }], ['noop']), {
      callflows: { greeting: chain(['answer'], ['sleep']) },
    });
    assert.deepEqual(ran, ['callflow', 'answer', 'sleep', 'noop']);
  });

  it('goes on at _ with a warning when there is no such callflow', async () => {
    const { ran, warnings } = await runFlow(chain(['callflow', { id: 'gone' }], ['noop']));
    assert.deepEqual(ran, ['callflow', 'noop']);
    assert.deepEqual(warnings, [engineCodes.missingCallflow.code]);
  });

  it('that jumps into itself ends with an error after 50 times', async () => {
    const loop = chain(['callflow', { id: 'loop' }]);
    const { ran, errors } = await runFlow(loop, { callflows: { loop } });
    assert.equal(ran.length, 51);
    assert.deepEqual(errors, [engineCodes.tooManyBranches.code]);
  });

  it('ended by hangup does not come back', async () => {
    const { ran } = await runFlow(chain(['callflow', { id: 'end' }], ['noop']), {
      callflows: { end: chain(['hangup']) },
    });
    assert.deepEqual(ran, ['callflow', 'hangup']);
  });
});
