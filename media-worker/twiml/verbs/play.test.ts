import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Sound } from '../../media/sound.ts';
import { run } from '../testing/scenario.ts';

async function soundOf(content: string): Promise<Sound | undefined> {
  const { log } = await run(`<Play>${content}</Play>`);
  return log.flatMap((done) => (done.did === 'play' ? [done.sound] : []))[0];
}

suite('<Play>', () => {
  test('answers, plays, goes on', async () => {
    const result = await run('<Play>https://cdn.example.com/a.mp3</Play>');
    assert.deepEqual(
      result.log.map((done) => done.did),
      ['answer', 'play', 'played', 'hangup'],
    );
  });

  test('a URL, absolute or relative to the document', async () => {
    for (const [content, url] of [
      ['https://cdn.example.com/a.mp3?x=1&amp;y=2', 'https://cdn.example.com/a.mp3?x=1&y=2'],
      ['hello.wav', 'https://app.example.com/ivr/hello.wav'],
      ['\r\n\t/hello.wav \n', 'https://app.example.com/hello.wav'],
      ['sounds/hello', 'https://app.example.com/ivr/sounds/hello'],
    ] as const) {
      assert.deepEqual(await soundOf(content), { kind: 'url', url });
    }
  });

  test('a media resource by its name (T41)', async () => {
    assert.deepEqual(await soundOf('welcome-message'), { kind: 'media', id: 'welcome-message' });
  });

  test('a stream of FreeSWITCH', async () => {
    const uri = 'tone_stream://%(200,0,440);loops=2';
    assert.deepEqual(await soundOf(uri), { kind: 'stream', uri });
  });

  test('what cannot be played is a warning, and the document goes on', async () => {
    for (const content of ['file:///etc/passwd', 'ftp://x/a.wav', 'http://', 'tone_stream://a b']) {
      const result = await run(`<Play>${content}</Play><Say>b</Say>`);
      assert.deepEqual(result.heard, ['b']);
      assert.deepEqual(result.warnings, ['PV-1356'], content);
    }
  });

  test('credentials of a URL stay out of the warning', async () => {
    const result = await run('<Play>ftp://user:secret@host/a.wav</Play>');
    assert.ok(!JSON.stringify(result.faults).includes('secret'));
  });

  test('a sound that cannot be fetched is noted in the span, is not repeated, and the document goes on', async () => {
    const result = await run('<Play loop="3">gone.wav</Play><Say>b</Say>', {
      sounds: { 'https://app.example.com/ivr/gone.wav': 'fail' },
    });
    assert.deepEqual(result.heard, ['https://app.example.com/ivr/gone.wav', 'b']);
    const span = result.spans.find((each) => each.name === 'verb Play')!;
    assert.equal(span.attributes['pivot.twiml.sound'], 'failed');
  });

  test('empty: skipped with a warning', async () => {
    assert.deepEqual((await run('<Play> </Play>')).warnings, ['PV-1361']);
  });

  test('loop: so many times; 0 until hang-up, at most 1000 times', async () => {
    assert.equal((await run('<Play loop="2">m</Play>')).heard.length, 2);
    assert.equal((await run('<Play loop="0">m</Play>', { sounds: { m: 100 } })).heard.length, 1000);
  });

  test('terminators: any key by default, ends all repetitions (T36); only the listed; none', async () => {
    assert.equal((await run('<Play loop="9">m</Play>', { keys: [[500, '5']] })).ms, 500);
    assert.equal((await run('<Play terminators="#">m</Play>', { keys: [[500, '5']] })).ms, 2000);
    assert.equal((await run('<Play terminators="">m</Play>', { keys: [[500, '5']] })).ms, 2000);
  });

  test('digits: sent to the caller; the content may be empty', async () => {
    const result = await run('<Play digits="ww12#W*"/>');
    assert.deepEqual(result.log.slice(0, 2), [
      { at: 0, did: 'answer' },
      { at: 0, did: 'send', digits: 'ww12#W*' },
    ]);
    assert.deepEqual(result.warnings, []);
  });

  test('digits: other characters are dropped with a warning; before the sound when there is one', async () => {
    const result = await run('<Play digits="1-2">m</Play>');
    assert.deepEqual(
      result.log.map((done) => done.did),
      ['answer', 'send', 'play', 'played', 'hangup'],
    );
    assert.deepEqual(result.warnings, ['PV-1355']);
  });

  test('nested elements are skipped with a warning', async () => {
    const result = await run('<Play>m<Say>x</Say></Play>');
    assert.deepEqual(result.heard, ['m']);
    assert.deepEqual(result.warnings, ['PV-1357']);
  });
});
