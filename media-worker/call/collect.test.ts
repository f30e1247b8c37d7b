import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallSpan } from '../telemetry/span.ts';
import { ScriptedCall } from '../twiml/testing/scripted-call.ts';
import { type Collected, type CollectOptions, collectDigits } from './collect.ts';
import { inVirtualTime } from './testing/virtual-time.ts';

interface Attempt {
  readonly keys?: readonly (readonly [at: number, keys: string])[];
  readonly ahead?: string;
  readonly hangsUpAt?: number;
  /** Plays a prompt of 2 s whose own terminators are these. */
  readonly promptStopsOn?: string;
}

interface Result {
  readonly collected: Collected | 'call ended';
  readonly ms: number;
  readonly prompts: readonly string[];
  readonly left: string;
}

function collect(options: Partial<CollectOptions>, attempt: Attempt = {}): Promise<Result> {
  return inVirtualTime(async () => {
    const call = new ScriptedCall(CallSpan.none(), { answered: true });
    for (const key of attempt.ahead ?? '') call.digits.push(key);
    for (const [at, keys] of attempt.keys ?? []) {
      for (const key of keys) setTimeout(() => call.digits.push(key), at);
    }
    if (attempt.hangsUpAt !== undefined)
      setTimeout(() => call.end({ side: 'caller', cause: 'NORMAL_CLEARING' }), attempt.hangsUpAt);
    const { promptStopsOn } = attempt;
    const prompt =
      promptStopsOn === undefined
        ? {}
        : {
            prompt: async (signal: AbortSignal) => {
              await call.play({ kind: 'media', id: 'menu' }, { stopOn: promptStopsOn, signal, span: call.span });
            },
          };
    const collected = await collectDigits(call, {
      maxDigits: 4,
      firstDigitMs: 5000,
      interDigitMs: 2000,
      terminators: '#',
      ...prompt,
      ...options,
    }).catch((error: unknown) => {
      assert.equal(error, call.signal.reason);
      return 'call ended' as const;
    });
    const prompts = call.log.flatMap((done) => (done.did === 'played' ? [`${done.how} at ${done.at}`] : []));
    return { collected, ms: Date.now(), prompts, left: call.digits.pending };
  });
}

describe('collecting digits', () => {
  it('ends at the most digits; later ones stay for the next', async () => {
    const { collected, left } = await collect({}, { keys: [[100, '123456']] });
    assert.deepEqual(collected, { digits: '1234', endedBy: 'max' });
    assert.equal(left, '56');
  });

  it('ends at a terminator, which is no part of it', async () => {
    const { collected, left } = await collect({ terminators: '*#' }, { keys: [[100, '12*3']] });
    assert.deepEqual(collected, { digits: '12', endedBy: 'terminator', terminator: '*' });
    assert.equal(left, '3');
  });

  it('ends with nothing when no digit comes in time', async () => {
    const { collected, ms } = await collect({});
    assert.deepEqual(collected, { digits: '', endedBy: 'timeout' });
    assert.equal(ms, 5000);
  });

  it('starts its timer again at each digit', async () => {
    const { collected, ms } = await collect(
      {},
      {
        keys: [
          [4900, '1'],
          [6800, '2'],
        ],
      },
    );
    assert.deepEqual(collected, { digits: '12', endedBy: 'timeout' });
    assert.equal(ms, 8800);
  });

  it('waits between digits from the beginning when some were there before', async () => {
    const { collected, ms } = await collect({ initial: '12' });
    assert.deepEqual(collected, { digits: '12', endedBy: 'timeout' });
    assert.equal(ms, 2000);
    assert.deepEqual((await collect({ initial: '12345' })).collected, { digits: '1234', endedBy: 'max' });
  });

  it('counts what was typed ahead', async () => {
    const { collected, ms } = await collect({}, { ahead: '12#9' });
    assert.deepEqual(collected, { digits: '12', endedBy: 'terminator', terminator: '#' });
    assert.equal(ms, 0);
  });

  it('rejects with the reason when the call ends, while waiting or in the prompt', async () => {
    assert.equal((await collect({}, { hangsUpAt: 500 })).collected, 'call ended');
    assert.equal((await collect({}, { hangsUpAt: 500, promptStopsOn: '' })).collected, 'call ended');
  });

  describe('with a prompt', () => {
    it('starts the timer when the prompt is over', async () => {
      const { collected, ms, prompts } = await collect({}, { promptStopsOn: '' });
      assert.deepEqual(collected, { digits: '', endedBy: 'timeout' });
      assert.deepEqual(prompts, ['finished at 2000']);
      assert.equal(ms, 7000);
    });

    it('stops it at the first digit, whatever stops the prompt itself', async () => {
      const { collected, prompts } = await collect({ maxDigits: 1 }, { promptStopsOn: '', keys: [[700, '5']] });
      assert.deepEqual(collected, { digits: '5', endedBy: 'max' });
      assert.deepEqual(prompts, ['stopped at 700']);
    });

    it('does not play it when digits are there already', async () => {
      assert.deepEqual((await collect({}, { promptStopsOn: '', ahead: '1' })).prompts, []);
      assert.deepEqual((await collect({ initial: '1' }, { promptStopsOn: '' })).prompts, []);
    });

    it('passes on that a prompt failed', async () => {
      await assert.rejects(
        inVirtualTime(() =>
          collectDigits(new ScriptedCall(CallSpan.none()), {
            maxDigits: 1,
            firstDigitMs: 1,
            interDigitMs: 1,
            terminators: '',
            prompt: () => Promise.reject(new Error('a bug')),
          }),
        ),
        /a bug/,
      );
    });
  });
});
