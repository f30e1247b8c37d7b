import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chain, runFlow } from '../testing/run-flow.ts';

describe('response', () => {
  it('ends the call with 486 Busy Here unless told otherwise', async () => {
    const { log, end } = await runFlow(chain(['response', { code: 486 }]));
    assert.deepEqual(log, [{ at: 0, did: 'hangup', cause: 'USER_BUSY', sipStatus: 486 }]);
    assert.deepEqual(end, { side: 'worker', cause: 'USER_BUSY', sipStatus: 486 });
  });

  it('with another code is a rejection', async () => {
    const { log } = await runFlow(chain(['response', { code: 404, message: 'Nobody here' }]));
    assert.deepEqual(log, [{ at: 0, did: 'hangup', cause: 'CALL_REJECTED', sipStatus: 404, reason: 'Nobody here' }]);
  });

  it('plays `media` first, as early media that no key stops', async () => {
    const { log } = await runFlow(chain(['response', { code: 503, media: 'closed' }]), { keys: [[500, '1']] });
    assert.deepEqual(log[0], { at: 0, did: 'play', sound: { kind: 'media', id: 'closed' }, early: true, stopOn: '' });
    assert.deepEqual(log.at(-1), { at: 2000, did: 'hangup', cause: 'CALL_REJECTED', sipStatus: 503 });
    assert.ok(!log.some(({ did }) => did === 'answer'));
  });

  it('rejects all the same when `media` cannot be played', async () => {
    const { end } = await runFlow(chain(['response', { code: 503, media: 'gone' }]), { sounds: { gone: 'fail' } });
    assert.equal(end.sipStatus, 503);
  });

  it('ends the call whatever branched', async () => {
    const { ran } = await runFlow(chain(['callflow', { id: 'no' }], ['noop']), {
      callflows: { no: { module: 'response', data: { code: 603 } } },
    });
    assert.deepEqual(ran, ['callflow', 'response']);
  });

  for (const code of [100, 200, 299, 700]) {
    it(`with the code ${code}, which ends no call, is 486`, async () => {
      const { end } = await runFlow({ module: 'response', data: { code } });
      assert.deepEqual(end, { side: 'worker', cause: 'USER_BUSY', sipStatus: 486 });
    });
  }
});
