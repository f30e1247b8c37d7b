import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chain, type FlowScenario, runFlow } from '../testing/run-flow.ts';

const speak = (data: object, scenario: FlowScenario = {}): ReturnType<typeof runFlow> =>
  runFlow(chain(['tts', { text: 'Hello', ...data }], ['noop']), scenario);

async function spoken(data: object): Promise<unknown> {
  const played = (await speak(data)).log.find(({ did }) => did === 'play');
  return played?.did === 'play' ? played.sound : undefined;
}

describe('tts', () => {
  it('answers, speaks, and goes on', async () => {
    const { log, ran, heard } = await speak({});
    assert.equal(log[0]?.did, 'answer');
    assert.deepEqual(heard, ['Hello']);
    assert.deepEqual(ran, ['tts', 'noop']);
  });

  it("speaks with a woman's voice in the language of the call unless told otherwise", async () => {
    assert.deepEqual(await spoken({}), { kind: 'speech', text: 'Hello', language: 'en-us', voice: 'female' });
    assert.deepEqual(await spoken({ voice: 'male', language: 'en-gb', engine: 'flite' }), {
      kind: 'speech',
      text: 'Hello',
      language: 'en-gb',
      voice: 'male',
      engine: 'flite',
    });
  });

  it('stops at any key, which is kept as the first digit of a collection that follows', async () => {
    const flow = chain(['tts', { text: 'Hello' }], ['collect_dtmf', { max_digits: 4 }]);
    const { call, log } = await runFlow(flow, {
      keys: [
        [1000, '1'],
        [1500, '234'],
      ],
    });
    assert.ok(log.some((done) => done.did === 'played' && done.how === 'digit' && done.at === 1000));
    assert.equal(call.memory.collections.get('default'), '1234');
  });

  it('stops at its `terminators` only; an empty list lets no key stop it', async () => {
    const scenario: FlowScenario = { keys: [[1000, '1']] };
    for (const terminators of [['#'], []]) {
      const { log } = await speak({ terminators }, scenario);
      assert.ok(log.some((done) => done.did === 'played' && done.how === 'finished'));
    }
  });

  it('with `endless_playback` repeats until a key', async () => {
    assert.equal((await speak({ endless_playback: true }, { keys: [[5000, '1']] })).heard.length, 3);
  });

  it('stops the flow when the words cannot be spoken', async () => {
    const { ran, end } = await speak({}, { sounds: { Hello: 'fail' } });
    assert.deepEqual(ran, ['tts']);
    assert.deepEqual(end, { side: 'worker', cause: 'NORMAL_TEMPORARY_FAILURE' });
  });

  it('stops only its own flow then: the one that branched here goes on', async () => {
    const { ran } = await runFlow(chain(['callflow', { id: 'words' }], ['noop']), {
      callflows: { words: chain(['tts', { text: 'Hello' }], ['answer']) },
      sounds: { Hello: 'fail' },
    });
    assert.deepEqual(ran, ['callflow', 'tts', 'noop']);
  });

  it('ends when the caller hangs up', async () => {
    assert.deepEqual((await speak({}, { callerHangsUpAt: 500 })).ran, ['tts']);
  });

  it('is also named `say`, as in old examples', async () => {
    const { heard } = await runFlow(chain(['say', { text: 'Hello' }]));
    assert.deepEqual(heard, ['Hello']);
  });
});
