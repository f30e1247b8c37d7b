import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chain, runFlow } from '../testing/run-flow.ts';

async function sent(data: object): Promise<unknown> {
  const { log } = await runFlow(chain(['send_dtmf', data], ['noop']), { answered: true });
  return log.filter(({ did }) => did === 'send');
}

describe('send_dtmf', () => {
  it('sends the digits, 2 s each unless told otherwise', async () => {
    assert.deepEqual(await sent({ digits: '12#' }), [{ at: 0, did: 'send', digits: '12#', durationMs: 2000 }]);
  });

  it('takes `duration_ms` as a number or as text, 8 s at most', async () => {
    for (const [duration_ms, durationMs] of [
      [100, 100],
      ['100', 100],
      [60_000, 8000],
    ]) {
      assert.deepEqual(await sent({ digits: '1', duration_ms }), [{ at: 0, did: 'send', digits: '1', durationMs }]);
    }
  });

  it('knows A to D in either case and the pauses w and W, and leaves out everything else', async () => {
    assert.deepEqual(await sent({ digits: 'a-Bw W(1)x' }), [{ at: 0, did: 'send', digits: 'ABwW1', durationMs: 2000 }]);
    assert.deepEqual(await sent({ digits: '---' }), []);
  });
});
