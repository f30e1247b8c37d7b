import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { amplitudeAt, samplesOf, sine, testdata } from './testing.ts';
import { monoPieces, readWav, writeWav } from './wav.ts';

/** A wav file with any format chunk. */
function wavFile(format: Uint8Array, data: Uint8Array, before: readonly [string, Uint8Array][] = []): Buffer {
  const chunk = (id: string, content: Uint8Array): Buffer => {
    const head = Buffer.alloc(8);
    head.write(id, 'latin1');
    head.writeUInt32LE(content.length, 4);
    return Buffer.concat([head, content, Buffer.alloc(content.length % 2)]);
  };
  const body = Buffer.concat([
    ...before.map(([id, content]) => chunk(id, content)),
    chunk('fmt ', format),
    chunk('data', data),
  ]);
  const head = Buffer.from('RIFF....WAVE', 'latin1');
  head.writeUInt32LE(body.length + 4, 4);
  return Buffer.concat([head, body]);
}

function formatChunk(tag: number, channels: number, rate: number, bits: number, extensible = false): Buffer {
  const chunk = Buffer.alloc(extensible ? 40 : 16);
  chunk.writeUInt16LE(extensible ? 0xfffe : tag, 0);
  chunk.writeUInt16LE(channels, 2);
  chunk.writeUInt32LE(rate, 4);
  chunk.writeUInt32LE((rate * channels * bits) / 8, 8);
  chunk.writeUInt16LE((channels * bits) / 8, 12);
  chunk.writeUInt16LE(bits, 14);
  if (extensible) {
    chunk.writeUInt16LE(22, 16);
    chunk.writeUInt16LE(tag, 24);
  }
  return chunk;
}

test('samples come back as they were written', () => {
  fc.assert(
    fc.property(
      fc.int16Array({ minLength: 1, maxLength: 500 }),
      fc.integer({ min: 1000, max: 384_000 }),
      (samples, rate) => {
        const read = samplesOf(writeWav(samples, rate));
        assert.equal(read.rate, rate);
        assert.deepEqual(
          Int16Array.from(read.samples, (value) => value * 32_768),
          samples,
        );
      },
    ),
    { numRuns: 100 },
  );
});

test('every width and encoding of a sample is read', () => {
  const expected = 0.25;
  const pcm24 = Buffer.alloc(3);
  pcm24.writeIntLE(0x200000, 0, 3);
  const pcm32 = Buffer.alloc(4);
  pcm32.writeInt32LE(0x20000000);
  const float32 = Buffer.alloc(4);
  float32.writeFloatLE(expected);
  const float64 = Buffer.alloc(8);
  float64.writeDoubleLE(expected);
  const cases: readonly (readonly [string, number, number, Uint8Array])[] = [
    ['8 bits, unsigned', 1, 8, Uint8Array.of(160)],
    ['16 bits', 1, 16, Uint8Array.of(0x00, 0x20)],
    ['24 bits', 1, 24, pcm24],
    ['32 bits', 1, 32, pcm32],
    ['float', 3, 32, float32],
    ['double', 3, 64, float64],
  ];
  for (const [name, tag, bits, sample] of cases) {
    for (const extensible of [false, true]) {
      const { samples } = samplesOf(wavFile(formatChunk(tag, 1, 8000, bits, extensible), sample));
      assert.deepEqual([...samples], [expected], name);
    }
  }
});

test('G.711 agrees with the tables of ITU-T G.191 at its corners', () => {
  const decode = (tag: number, code: number): number =>
    Math.round(samplesOf(wavFile(formatChunk(tag, 1, 8000, 8), Uint8Array.of(code))).samples[0]! * 32_768);
  assert.deepEqual(
    [0x00, 0x80, 0x7f, 0xff, 0x55].map((code) => decode(7, code)),
    [-32_124, 32_124, 0, 0, -716],
  );
  assert.deepEqual(
    [0x55, 0xd5, 0x2a, 0xaa, 0x80].map((code) => decode(6, code)),
    [-8, 8, -32_256, 32_256, 5504],
  );
});

test('files of other programs (sox) hold the tone they should', async () => {
  for (const [name, hertz] of [
    ['tone-440-ima-adpcm.wav', 440],
    ['tone-440-alaw.wav', 440],
  ] as const) {
    const { samples, rate } = samplesOf(await testdata(name));
    const amplitude = amplitudeAt(samples.subarray(0, 1600), rate, hertz);
    assert.ok(Math.abs(amplitude - 0.5) < 0.03, `${name}: ${amplitude}`);
  }
});

test('channels are mixed, chunks before the samples are skipped, odd ones are padded', () => {
  const data = Buffer.alloc(4);
  data.writeInt16LE(16_384, 0);
  data.writeInt16LE(-8192, 2);
  const file = wavFile(formatChunk(1, 2, 8000, 16), data, [['LIST', Buffer.from('odd')]]);
  assert.deepEqual([...samplesOf(file).samples], [0.125]);
});

test('a size that an encoder left open means: to the end', () => {
  const file = Buffer.from(writeWav(sine(440, 8000, 0.1), 8000));
  for (const size of [0, 0xffffffff, 0x7fffffff, 0x7ffff000]) {
    file.writeUInt32LE(size, 40);
    const read = readWav(file);
    assert.ok(read.ok && !read.wav.truncated && read.wav.data.length === 1600, String(size));
  }
});

test('a file that ends early is read as far as it goes', () => {
  const whole = writeWav(sine(440, 8000, 0.1), 8000);
  const read = readWav(whole.subarray(0, 545));
  assert.ok(read.ok && read.wav.truncated);
  assert.equal(read.wav.data.length, 500);
});

test('what cannot be read is named', async () => {
  const problem = (bytes: Uint8Array): string => {
    const read = readWav(bytes);
    return read.ok ? 'read' : read.problem;
  };
  assert.match(problem(await testdata('gsm.wav')), /GSM 6.10/);
  assert.match(problem(wavFile(formatChunk(0x1234, 1, 8000, 16), Buffer.alloc(2))), /0x1234/);
  assert.match(problem(wavFile(formatChunk(1, 1, 1, 16), Buffer.alloc(2))), /1 Hz/);
  assert.match(problem(wavFile(formatChunk(1, 0, 8000, 16), Buffer.alloc(2))), /0 channels/);
  assert.match(problem(wavFile(formatChunk(1, 1, 8000, 12), Buffer.alloc(2))), /12 bits/);
  assert.match(problem(wavFile(formatChunk(1, 1, 8000, 16), Buffer.alloc(0))), /no samples/);
  assert.match(problem(Buffer.from('RIFF\0\0\0\0WAVE')), /no format/);
});

test('no bytes whatever make the reader throw or hang', () => {
  const base = writeWav(sine(440, 8000, 0.02), 8000);
  const damaged = fc
    .array(fc.tuple(fc.nat(base.length - 1), fc.nat(255)), { minLength: 1, maxLength: 12 })
    .map((changes) => {
      const bytes = Uint8Array.from(base);
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
  const header = fc
    .tuple(fc.uint8Array({ minLength: 16, maxLength: 40 }), fc.uint8Array({ maxLength: 200 }))
    .map(([format, data]) => wavFile(format, data));
  const anything = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(fc.oneof(damaged, header, anything), (bytes) => {
      const read = readWav(bytes);
      if (!read.ok) return;
      for (const piece of monoPieces(read.wav)) {
        assert.ok(piece.every((value) => Number.isFinite(value) && Math.abs(value) <= 8));
      }
    }),
    { numRuns: 1000 },
  );
});
