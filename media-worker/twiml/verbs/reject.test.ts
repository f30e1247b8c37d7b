import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { run } from '../testing/scenario.ts';

suite('<Reject>', () => {
  test('refuses with 603 without answering, or with what the callflow says (T38)', async () => {
    const result = await run('<Reject/><Say>never</Say>');
    assert.deepEqual(result.outcome, { kind: 'stop' });
    assert.deepEqual(result.log, [{ at: 0, did: 'hangup', cause: 'CALL_REJECTED', sipStatus: 603 }]);
    const own = await run('<Reject reason="rejected"/>', { context: { rejectCode: 503 } });
    assert.deepEqual(own.log, [{ at: 0, did: 'hangup', cause: 'CALL_REJECTED', sipStatus: 503 }]);
  });

  test('reason="busy": 486, whatever the callflow’s code', async () => {
    const result = await run('<Reject reason="busy"/>', { context: { rejectCode: 503 } });
    assert.deepEqual(result.log, [{ at: 0, did: 'hangup', cause: 'USER_BUSY', sipStatus: 486 }]);
  });

  test('another reason is a warning and counts as rejected (T2)', async () => {
    const result = await run('<Reject reason="tired"/>');
    assert.deepEqual(result.warnings, ['PV-1355']);
    assert.equal(result.log[0]!.did === 'hangup' && result.log[0]!.sipStatus, 603);
  });

  test('prompt: heard as early media, then the refusal', async () => {
    const result = await run('<Reject prompt="sorry.wav"/>');
    assert.deepEqual(result.log, [
      {
        at: 0,
        did: 'play',
        sound: { kind: 'url', url: 'https://app.example.com/ivr/sorry.wav' },
        early: true,
        stopOn: '',
      },
      { at: 2000, did: 'played', what: 'https://app.example.com/ivr/sorry.wav', how: 'finished' },
      { at: 2000, did: 'hangup', cause: 'CALL_REJECTED', sipStatus: 603 },
    ]);
  });

  test('prompt: one that fails or names nothing does not keep the call from being refused', async () => {
    const failed = await run('<Reject prompt="sorry"/>', { sounds: { sorry: 'fail' } });
    assert.equal(failed.log.at(-1)!.did, 'hangup');
    const nothing = await run('<Reject prompt="file:///x"/>');
    assert.deepEqual(nothing.warnings, ['PV-1356']);
    assert.deepEqual(nothing.heard, []);
  });

  test('an answered call is hung up', async () => {
    const result = await run('<Say>a</Say><Reject reason="busy" prompt="m"/>');
    assert.deepEqual(result.heard, ['a']);
    assert.deepEqual(result.log.at(-1), { at: 2000, did: 'hangup', cause: 'NORMAL_CLEARING' });
  });

  test('white space in it does not matter (T27)', async () => {
    assert.deepEqual((await run('<Reject> </Reject>')).warnings, []);
  });
});
