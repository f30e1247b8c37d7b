import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chain, type FlowScenario, runFlow } from '../testing/run-flow.ts';

/** The collections after a `collect_dtmf`, and how long it took. */
async function collect(
  data: object,
  scenario: FlowScenario = {},
): Promise<{ collections: Record<string, string>; ms: number; attributes: Record<string, unknown> }> {
  const { call, ms, spans } = await runFlow(chain(['collect_dtmf', data]), { answered: true, ...scenario });
  const span = spans.find((one) => one.name === 'action collect_dtmf');
  return { collections: Object.fromEntries(call.memory.collections), ms, attributes: { ...span?.attributes } };
}

const typedAhead =
  (digits: string) =>
  (call: { memory: { collections: Map<string, string> } }): void => {
    call.memory.collections.set('default', digits);
  };

describe('collect_dtmf', () => {
  it('answers', async () => {
    const { log } = await runFlow(chain(['collect_dtmf']));
    assert.equal(log[0]?.did, 'answer');
  });

  it('collects one digit into "default" unless told otherwise', async () => {
    const { collections, ms } = await collect({}, { keys: [[1000, '7']] });
    assert.deepEqual(collections, { default: '7' });
    assert.ok(ms <= 1100);
  });

  it('stops at max_digits', async () => {
    const { collections, attributes } = await collect({ max_digits: 4 }, { keys: [[1000, '123456']] });
    assert.deepEqual(collections, { default: '1234' });
    assert.equal(attributes['pivot.digits.ended_by'], 'max');
  });

  it('waits 5 s for the first digit; then an empty text is the result', async () => {
    const { collections, ms, attributes } = await collect({ collection_name: 'pin' });
    assert.deepEqual(collections, { pin: '' });
    assert.ok(ms >= 5000 && ms <= 5200, String(ms));
    assert.equal(attributes['pivot.digits.ended_by'], 'timeout');
  });

  it('waits 2 s for each further digit, from the digit before', async () => {
    const keys = [
      [1000, '1'],
      [2800, '2'],
      [4600, '3'],
    ] as const;
    const { collections, ms } = await collect({ max_digits: 9 }, { keys });
    assert.deepEqual(collections, { default: '123' });
    assert.ok(ms >= 6600 && ms <= 6800, String(ms));
  });

  it('takes both waits from `timeout` and `interdigit_timeout`', async () => {
    assert.ok((await collect({ timeout: 1000 })).ms <= 1200);
    const { ms } = await collect({ max_digits: 9, interdigit_timeout: 500 }, { keys: [[1000, '1']] });
    assert.ok(ms >= 1500 && ms <= 1700, String(ms));
  });

  it('ends at #, which is not part of the digits', async () => {
    const { collections, attributes } = await collect({ max_digits: 9 }, { keys: [[1000, '12#']] });
    assert.deepEqual(collections, { default: '12' });
    assert.equal(attributes['pivot.digits.ended_by'], 'terminator');
  });

  it('`terminator` wins over `terminators`, and these over #', async () => {
    const keys = [[1000, '1#2*3']] as const;
    assert.deepEqual((await collect({ max_digits: 9, terminators: ['*'] }, { keys })).collections, { default: '1#2' });
    const both = { max_digits: 9, terminator: '#', terminators: ['*'] };
    assert.deepEqual((await collect(both, { keys })).collections, { default: '1' });
  });

  it('with an empty list of terminators takes every key for a digit', async () => {
    const { collections } = await collect({ max_digits: 3, terminators: [] }, { keys: [[1000, '#*1']] });
    assert.deepEqual(collections, { default: '#*1' });
  });

  it('stores under `collection_name` and leaves other collections alone', async () => {
    const { collections } = await collect(
      { collection_name: 'pin', max_digits: 2 },
      { keys: [[100, '12']], before: (call) => call.memory.collections.set('other', '9') },
    );
    assert.deepEqual(collections, { other: '9', pin: '12' });
  });

  describe('digits typed during earlier sounds', () => {
    it('count, are taken from "default", and are enough when they are enough: the rest is lost', async () => {
      const { collections, ms } = await collect(
        { collection_name: 'pin', max_digits: 2 },
        { before: typedAhead('1234') },
      );
      assert.deepEqual(collections, { pin: '12' });
      assert.ok(ms < 200);
    });

    it('leave so many fewer to collect, with the wait between digits', async () => {
      const { collections, ms } = await collect(
        { max_digits: 4, interdigit_timeout: 1000 },
        { before: typedAhead('12'), keys: [[500, '3']] },
      );
      assert.deepEqual(collections, { default: '123' });
      assert.ok(ms <= 1700, String(ms));
    });

    const vectors: readonly [typed: string, terminators: string[], kept: string][] = [
      ['12#34', ['#'], '12'],
      ['#12', ['#'], ''],
      ['1*2', ['*', '#'], '1'],
      ['99', ['#'], '99'],
    ];
    for (const [typed, terminators, kept] of vectors) {
      it(`${typed} with ${terminators.join(' ')} is cut to "${kept}", and more digits are waited for`, async () => {
        const { collections } = await collect(
          { max_digits: 9, terminators },
          { before: typedAhead(typed), keys: [[500, '5']] },
        );
        assert.deepEqual(collections, { default: `${kept}5` });
      });
    }

    it('while a web server was asked count too', async () => {
      const { collections } = await collect(
        { max_digits: 2 },
        { before: (call) => call.digits.push('8'), keys: [[100, '9']] },
      );
      assert.deepEqual(collections, { default: '89' });
    });
  });

  it('stores nothing when the caller hangs up', async () => {
    const { collections } = await collect({ max_digits: 9 }, { keys: [[100, '12']], callerHangsUpAt: 500 });
    assert.deepEqual(collections, {});
  });

  it('keeps digits out of the trace when it is marked sensitive, and where the pivot action has no debug', async () => {
    const keys = [[100, '4711']] as const;
    for (const hidden of [
      await collect({ max_digits: 4, sensitive: true }, { keys }),
      await collect({ max_digits: 4 }, { keys, debug: false }),
    ]) {
      assert.deepEqual(hidden.collections, { default: '4711' });
      assert.equal(hidden.attributes['pivot.digits.count'], 4);
      assert.ok(!JSON.stringify(hidden.attributes).includes('4711'));
    }
    assert.equal((await collect({ max_digits: 4 }, { keys })).attributes['pivot.digits'], '4711');
  });

  it('waits as long as a timer can where it is told to wait longer', async () => {
    const { collections } = await collect({ timeout: 9_000_000_000_000 }, { keys: [[60_000, '1']] });
    assert.deepEqual(collections, { default: '1' });
  });
});
