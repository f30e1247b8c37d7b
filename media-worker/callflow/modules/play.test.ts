import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Sound } from '../../media/sound.ts';
import { chain, runFlow } from '../testing/run-flow.ts';
import { soundOf } from './play.ts';

const URL = 'https://app.example.com/hello.wav';

describe('play', () => {
  it('answers, waits 100 ms so that nothing is cut, plays, and goes on', async () => {
    const { log, ran } = await runFlow(chain(['play', { id: URL }], ['noop']));
    assert.deepEqual(ran, ['play', 'noop']);
    assert.deepEqual(log[0], { at: 0, did: 'answer' });
    assert.deepEqual(log[1], {
      at: 100,
      did: 'play',
      sound: { kind: 'url', url: URL },
      early: false,
      stopOn: '0123456789*#',
    });
  });

  it('plays at once on an answered call', async () => {
    assert.equal((await runFlow(chain(['play', { id: URL }]), { answered: true })).log[0]?.at, 0);
  });

  it('with `answer: false` plays as early media and does not answer', async () => {
    const { log } = await runFlow(chain(['play', { id: URL, answer: false }]));
    assert.ok(log[0]?.did === 'play' && log[0].early);
    assert.ok(!log.some(({ did }) => did === 'answer'));
  });

  it('with `answer: true` answers, like without', async () => {
    assert.equal((await runFlow(chain(['play', { id: URL, answer: true }]))).log[0]?.did, 'answer');
  });

  for (const data of [{}, { id: '' }]) {
    it(`without a sound (${JSON.stringify(data)}) goes on and does not answer`, async () => {
      const { log, ran } = await runFlow(chain(['play', data], ['noop']));
      assert.deepEqual(ran, ['play', 'noop']);
      assert.ok(!log.some(({ did }) => did === 'answer'));
    });
  }

  it('plays `loop_count` times', async () => {
    assert.equal((await runFlow(chain(['play', { id: URL, loop_count: 3 }]))).heard.length, 3);
  });

  it('with `endless_playback` plays until the caller leaves, which ends the call whatever branched', async () => {
    const { heard, ran } = await runFlow(chain(['callflow', { id: 'music' }], ['noop']), {
      callflows: { music: { module: 'play', data: { id: URL, endless_playback: true } } },
      callerHangsUpAt: 60_000,
    });
    assert.ok(heard.length >= 29);
    assert.deepEqual(ran, ['callflow', 'play']);
  });

  it('with `endless_playback` ends after 1000 times all the same', async () => {
    const { heard } = await runFlow(chain(['play', { id: URL, endless_playback: true }]), { sounds: { [URL]: 100 } });
    assert.equal(heard.length, 1000);
  });

  it('stops at any key, which is kept in the collection "default"', async () => {
    const { log, call, heard } = await runFlow(chain(['play', { id: URL, loop_count: 3 }]), { keys: [[1000, '5']] });
    assert.equal(heard.length, 1);
    assert.ok(log.some((done) => done.did === 'played' && done.how === 'digit'));
    assert.equal(call.memory.collections.get('default'), '5');
  });

  it('stops at the keys of `terminators` only; other digits are kept too', async () => {
    const { log, call } = await runFlow(chain(['play', { id: URL, terminators: ['#'] }]), {
      keys: [
        [500, '12'],
        [1000, '#'],
      ],
    });
    assert.ok(log.some((done) => done.did === 'played' && done.how === 'digit' && done.at === 1000));
    assert.equal(call.memory.collections.get('default'), '12#');
  });

  it('with an empty list of terminators is not stopped by keys', async () => {
    const { log, call } = await runFlow(chain(['play', { id: URL, terminators: [] }]), { keys: [[500, '1']] });
    assert.ok(log.some((done) => done.did === 'played' && done.how === 'finished'));
    assert.equal(call.memory.collections.get('default'), '1');
  });

  it('goes on when the sound cannot be played, once', async () => {
    const { ran, heard } = await runFlow(chain(['play', { id: 'gone', loop_count: 5 }], ['noop']), {
      sounds: { gone: 'fail' },
    });
    assert.deepEqual(ran, ['play', 'noop']);
    assert.equal(heard.length, 1);
  });

  it('then collect_dtmf counts the key that stopped it as the first digit', async () => {
    const { call } = await runFlow(chain(['play', { id: URL }], ['collect_dtmf', { max_digits: 4 }]), {
      keys: [
        [1000, '1'],
        [2000, '234'],
      ],
    });
    assert.equal(call.memory.collections.get('default'), '1234');
  });
});

describe('a media reference (spec A.9)', () => {
  const cases: readonly [reference: string, sound: Sound][] = [
    ['greeting', { kind: 'media', id: 'greeting' }],
    ['https://a.example/x.mp3', { kind: 'url', url: 'https://a.example/x.mp3' }],
    ['HTTP://a.example/x', { kind: 'url', url: 'HTTP://a.example/x' }],
    ['tone_stream://%(200,0,440)', { kind: 'stream', uri: 'tone_stream://%(200,0,440)' }],
    ['silence_stream://1000', { kind: 'stream', uri: 'silence_stream://1000' }],
  ];
  for (const [reference, sound] of cases) it(reference, () => assert.deepEqual(soundOf(reference), sound));
});
