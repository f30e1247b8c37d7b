import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { convert } from './convert.ts';
import { fileKind } from './format.ts';
import { amplitudeAt, samplesOf, sine, testdata } from './testing.ts';
import { readWav, writeWav } from './wav.ts';

const FILE = { speech: false, maxMs: 60_000 };

test('mp3 and wav of any rate become 8 kHz mono 16-bit wav with the same tone, length and level', async () => {
  const cases: readonly (readonly [string, Uint8Array, number, number])[] = [
    ['mp3, mono', await testdata('tone-440-mono-22050.mp3'), 440, 1000],
    ['mp3, stereo, variable rate', await testdata('tone-1000-stereo-44100-vbr.mp3'), 1000, 500],
    ['wav, 48 kHz', writeWav(sine(1000, 48_000, 0.5), 48_000), 1000, 500],
    ['wav, 8 kHz', writeWav(sine(440, 8000, 0.5), 8000), 440, 500],
  ];
  for (const [name, bytes, hertz, ms] of cases) {
    const result = await convert(bytes, FILE);
    assert.ok(result.ok, name);
    const read = readWav(result.wav);
    assert.ok(read.ok);
    assert.deepEqual([read.wav.encoding, read.wav.bits, read.wav.channels, read.wav.rate], ['pcm', 16, 1, 8000]);
    // An mp3 encoder adds up to three frames of silence, which the decoder leaves in.
    assert.ok(Math.abs(result.durationMs - ms) < (name.startsWith('mp3') ? 80 : 5), `${name}: ${result.durationMs} ms`);
    const { samples } = samplesOf(result.wav);
    const amplitude = amplitudeAt(samples.subarray(800, 3200), 8000, hertz);
    assert.ok(Math.abs(amplitude - 0.5) < 0.07, `${name}: ${amplitude}`);
  }
});

test('what is neither wav nor mp3 is named', async () => {
  const cases: readonly (readonly [string | Uint8Array, RegExp])[] = [
    ['', /empty/],
    ['OggS\0\x02', /Ogg/],
    ['fLaC', /FLAC/],
    ['\0\0\0\x20ftypM4A ', /MP4/],
    ['<!DOCTYPE html><title>Log in</title>', /web page/],
    ['\n  <html>', /web page/],
    ['<?xml version="1.0"?><Error/>', /XML/],
    ['{"error": 1}', /JSON/],
    ['Not found', /text/],
    ['PK\x03\x04', /zip/],
    ['\x1f\x8b\x08', /gzip/],
    ['RIFF\x10\0\0\0AVI LIST', /RIFF/],
    [Uint8Array.of(0xff, 0xf1, 0x50, 0x80), /AAC/],
    [Uint8Array.of(0, 1, 2, 3), /unknown/],
    // The sync word alone is no mp3.
    [Uint8Array.of(0xff, 0xfb, 0x90, ...new Array(1000).fill(7)), /unknown/],
  ];
  for (const [bytes, expected] of cases) {
    const result = await convert(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, FILE);
    assert.ok(!result.ok);
    assert.equal(result.fault.code, 'PV-1504');
    assert.match(result.fault.message, expected);
  }
});

test('a cut-off mp3 is played as far as it goes; one without frames is refused', async () => {
  const mp3 = await testdata('tone-440-mono-22050.mp3');
  const half = await convert(mp3.subarray(0, mp3.length / 2), FILE);
  assert.ok(half.ok && half.durationMs > 300 && half.durationMs < 700);
  const tag = await convert(Buffer.from('ID3\x04\0\0\0\0\0\x0a0123456789garbage that is no frame', 'latin1'), FILE);
  assert.ok(!tag.ok && tag.fault.code === 'PV-1505');
});

test('a cut-off wav is played with a warning', async () => {
  const result = await convert(writeWav(sine(440, 8000, 0.5), 8000).subarray(0, 4044), FILE);
  assert.ok(result.ok);
  assert.equal(result.durationMs, 250);
  assert.deepEqual(
    result.warnings.map(({ code }) => code),
    ['PV-1506'],
  );
});

test('a small file that would last for hours is refused, without the memory for it', async () => {
  const slow = await convert(writeWav(new Int16Array(1_000_000), 1000), FILE);
  assert.ok(!slow.ok && slow.fault.code === 'PV-1521');
});

test('speech is brought to the usual level, without silence around it or clicks at its ends', async () => {
  for (const amplitude of [0.05, 0.5, 0.99]) {
    const silence = new Int16Array(8000);
    const quiet = Int16Array.of(...silence, ...sine(500, 16_000, 1, amplitude), ...silence);
    const result = await convert(writeWav(quiet, 16_000), { speech: true, maxMs: 60_000 });
    assert.ok(result.ok);
    const { samples } = samplesOf(result.wav);
    assert.ok(Math.abs(result.durationMs - 1140) < 15, `${result.durationMs}`);
    const level = amplitudeAt(samples.subarray(1600, 6400), 8000, 500);
    assert.ok(level > 0.13 && level < 0.18, `${amplitude} became ${level}`);
    assert.ok(Math.abs(samples[0]!) < 0.01 && Math.abs(samples.at(-1)!) < 0.01);
  }
});

test('no bytes whatever make the conversion throw', async () => {
  const mp3 = await testdata('tone-1000-stereo-44100-vbr.mp3');
  const original = console.error;
  console.error = () => {};
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(mp3.length - 1), fc.nat(255)), { minLength: 1, maxLength: 40 }),
        fc.nat(mp3.length),
        async (changes, length) => {
          const bytes = Uint8Array.from(mp3);
          for (const [at, value] of changes) bytes[at] = value;
          const result = await convert(bytes.subarray(0, length), FILE);
          assert.ok(result.ok || /^PV-15\d\d$/.test(result.fault.code));
        },
      ),
      { numRuns: 60 },
    );
  } finally {
    console.error = original;
  }
});

test('a frame sync counts only with a second frame behind it', async () => {
  const mp3 = await testdata('tone-440-mono-22050.mp3');
  const start = fileKind(mp3.subarray(mp3.indexOf(Uint8Array.of(0xff, 0xf3))));
  assert.equal(start.kind, 'mp3');
});
