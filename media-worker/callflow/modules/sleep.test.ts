import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chain, runFlow } from '../testing/run-flow.ts';

const DAY_MS = 86_400_000;

describe('sleep', () => {
  const cases: readonly [data: object, ms: number][] = [
    [{}, 0],
    [{ duration: 3 }, 3000],
    [{ duration: 3, unit: 's' }, 3000],
    [{ duration: 300, unit: 'ms' }, 300],
    [{ duration: 2, unit: 'm' }, 120_000],
    [{ duration: 1, unit: 'h' }, 3_600_000],
  ];
  for (const [data, expected] of cases) {
    it(`${JSON.stringify(data)}: ${expected} ms, without answering`, async () => {
      const { ms, log } = await runFlow(chain(['sleep', data]));
      assert.ok(ms >= expected && ms <= expected + 200, String(ms));
      assert.ok(!log.some(({ did }) => did === 'answer'));
    });
  }

  it('lasts a day at most, and takes an unknown unit for seconds', async () => {
    const { ms } = await runFlow(
      { module: 'sleep', data: { duration: 86_400_000, unit: 'fortnights' } },
      { callerHangsUpAt: DAY_MS + 60_000 },
    );
    assert.ok(ms >= DAY_MS && ms < DAY_MS + 60_000, String(ms));
  });

  it('ends when the caller hangs up', async () => {
    assert.ok((await runFlow(chain(['sleep', { duration: 1, unit: 'h' }]), { callerHangsUpAt: 1000 })).ms <= 1200);
  });

  it('keeps the digits that are typed meanwhile (Kazoo throws them away)', async () => {
    const { call } = await runFlow(chain(['sleep', { duration: 2 }]), { keys: [[1000, '12']] });
    assert.equal(call.memory.collections.get('default'), '12');
  });
});
