import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AudioSource } from '../rtp/types.ts';
import { strongestTone, toneShare } from './goertzel.ts';
import { dtmfTones, parseTones, ToneSource, toneAmplitude } from './tone.ts';

/** Everything a source plays, at most `frames` frames. */
function play(source: AudioSource, frames = 500): Int16Array {
  const samples: number[] = [];
  const frame = new Int16Array(160);
  for (let i = 0; i < frames && source.read(frame); i++) samples.push(...frame);
  return Int16Array.from(samples.slice(0, source.position));
}

function sound(description: string, frames?: number): Int16Array {
  const program = parseTones(description);
  assert.ok(program !== undefined, description);
  return play(new ToneSource(program), frames);
}

function peak(samples: Int16Array): number {
  return Math.max(...samples.map(Math.abs));
}

function silent(samples: Int16Array): boolean {
  return samples.every((sample) => sample === 0);
}

test('%(500,0,440) is half a second of 440 Hz, as loud as FreeSWITCH’s', () => {
  const samples = sound('%(500,0,440)');
  assert.equal(samples.length, 4000);
  assert.ok(toneShare(samples, 440) > 0.999);
  assert.ok(Math.abs(peak(samples) - 10184) < 10);
});

test('on, off and ;loops=', () => {
  const samples = sound('%(100,100,440);loops=3');
  assert.equal(samples.length, 3 * 1600);
  for (let i = 0; i < 3; i++) {
    assert.ok(toneShare(samples.subarray(i * 1600, i * 1600 + 800), 440) > 0.99);
    assert.ok(silent(samples.subarray(i * 1600 + 800, (i + 1) * 1600)));
  }
});

test('two frequencies are heard in equal parts, no louder than one', () => {
  const samples = sound('%(400,0,350,440)');
  assert.ok(Math.abs(toneShare(samples, 350) - 0.5) < 0.02);
  assert.ok(Math.abs(toneShare(samples, 440) - 0.5) < 0.02);
  assert.ok(peak(samples) <= 10185);
});

test('several items, v= and L=', () => {
  const samples = sound('L=2;v=-20;%(100,0,1000);v=-7;%(100,50,2000)');
  assert.equal(samples.length, 2 * (800 + 1200));
  assert.equal(strongestTone(samples.subarray(0, 800)).frequency, 1000);
  assert.equal(strongestTone(samples.subarray(800, 1600)).frequency, 2000);
  assert.ok(Math.abs(peak(samples.subarray(0, 800)) - toneAmplitude(-20)) < 10);
});

test('l= repeats the next tone only', () => {
  assert.equal(sound('l=3;%(100,0,440);%(100,0,500)').length, 4 * 800);
});

test('v=0 is not cut off, and fading changes the level step by step', () => {
  assert.ok(peak(sound('v=0;%(100,0,440)')) <= 32767);
  const fading = sound('v=-10;>=100;+=5;%(400,0,440)');
  const peaks = [0, 1, 2, 3].map((i) => peak(fading.subarray(i * 800 + 100, i * 800 + 700)));
  assert.deepEqual(
    peaks.map((value, i) => Math.abs(value - toneAmplitude(-10 - 5 * i)) < toneAmplitude(-10) * 0.02),
    [true, true, true, true],
  );
});

test('digits sound as ITU-T Q.23 says', () => {
  const samples = play(new ToneSource(dtmfTones('5#', 100, 100)!));
  const [five, hash] = [samples.subarray(0, 800), samples.subarray(1600, 2400)];
  assert.ok(toneShare(five, 770) > 0.45 && toneShare(five, 1336) > 0.45);
  assert.ok(toneShare(hash, 941) > 0.45 && toneShare(hash, 1477) > 0.45);
  assert.equal(sound('d=50;w=50;12').length, 1600);
  assert.equal(sound('1(20,20)').length, 320);
});

test('endless tones go on; a program without samples ends at once', () => {
  assert.equal(sound('%(100,0,440);loops=-1', 50).length, 50 * 160);
  assert.equal(sound('l=-1;%(100,0,440)', 50).length, 50 * 160);
  assert.equal(sound('%(0,0,440);loops=-1').length, 0);
});

test('what has no tone in it is no program', () => {
  for (const description of ['', 'x', ';;;', '%(500,0)', '%(', '%(500,0,0)', 'v=-3', '%(a,b,c)']) {
    assert.equal(parseTones(description), undefined, description);
  }
});

test('garbage never throws and plays in bounded time', () => {
  const part = fc.oneof(
    fc.string({ maxLength: 10 }),
    fc.constantFrom(
      '%(10,10,440)',
      '%(',
      ')',
      ';',
      ',',
      'l=-1',
      'L=99999999',
      'v=-99',
      ';loops=-1',
      '5(1,2)',
      '%(-1,-1,1e999,-5)',
      '>=1',
      '%(1,1,NaN)',
    ),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 10 }), (parts) => {
      const program = parseTones(parts.join(''));
      if (program !== undefined) play(new ToneSource(program), 20);
    }),
    { numRuns: 500 },
  );
});
