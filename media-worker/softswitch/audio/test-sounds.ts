/** Sound files for the tests, made here so that none need lie in the repository. */

import { toneShare } from './goertzel.ts';

type Encoding = 'u8' | 's16' | 's24' | 's32' | 'f32' | 'f64' | 'alaw' | 'mulaw';

export interface WavOptions {
  readonly encoding?: Encoding;
  readonly rate?: number;
  readonly channels?: number;
  readonly seconds?: number;
  readonly frequency?: number;
  /** Peak, 0 to 1. */
  readonly amplitude?: number;
  /** A chunk before the format. */
  readonly extraChunk?: boolean;
  readonly extensible?: boolean;
  /** What the header says of the size of the samples; the true one by default. */
  readonly dataSize?: number;
}

const TAGS: Record<Encoding, readonly [tag: number, bits: number]> = {
  u8: [1, 8],
  s16: [1, 16],
  s24: [1, 24],
  s32: [1, 32],
  f32: [3, 32],
  f64: [3, 64],
  alaw: [6, 8],
  mulaw: [7, 8],
};

/** A wav file with a sine; a second channel has the same. `encode` is needed for the laws. */
export function makeWav(options: WavOptions, encode?: (sample: number) => number): Buffer {
  const { encoding = 's16', rate = 8000, channels = 1, seconds = 0.5, frequency = 440, amplitude = 0.5 } = options;
  const [tag, bits] = TAGS[encoding];
  const count = Math.round(rate * seconds);
  const block = (bits / 8) * channels;
  const data = Buffer.alloc(count * block);
  for (let i = 0; i < count; i++) {
    const value = amplitude * Math.sin((2 * Math.PI * frequency * i) / rate);
    for (let channel = 0; channel < channels; channel++) {
      writeSample(data, i * block + channel * (bits / 8), encoding, value, encode);
    }
  }
  const format = Buffer.alloc(options.extensible === true ? 48 : 24);
  format.write('fmt ', 0, 'latin1');
  format.writeUInt32LE(format.length - 8, 4);
  format.writeUInt16LE(options.extensible === true ? 0xfffe : tag, 8);
  format.writeUInt16LE(channels, 10);
  format.writeUInt32LE(rate, 12);
  format.writeUInt32LE(rate * block, 16);
  format.writeUInt16LE(block, 20);
  format.writeUInt16LE(bits, 22);
  if (options.extensible === true) format.writeUInt16LE(tag, 32);
  const header = Buffer.alloc(8);
  header.write('data', 0, 'latin1');
  header.writeUInt32LE(options.dataSize ?? data.length, 4);
  const extra = Buffer.from(options.extraChunk === true ? 'LIST\x03\x00\x00\x00abc\x00' : '', 'latin1');
  const body = Buffer.concat([Buffer.from('WAVE', 'latin1'), extra, format, header, data]);
  const riff = Buffer.alloc(8);
  riff.write('RIFF', 0, 'latin1');
  riff.writeUInt32LE(body.length, 4);
  return Buffer.concat([riff, body]);
}

function writeSample(
  data: Buffer,
  offset: number,
  encoding: Encoding,
  value: number,
  encode?: (sample: number) => number,
): void {
  switch (encoding) {
    case 'u8':
      data.writeUInt8(Math.round(value * 127) + 128, offset);
      break;
    case 's16':
      data.writeInt16LE(Math.round(value * 32767), offset);
      break;
    case 's24':
      data.writeIntLE(Math.round(value * 8388607), offset, 3);
      break;
    case 's32':
      data.writeInt32LE(Math.round(value * 2147483647), offset);
      break;
    case 'f32':
      data.writeFloatLE(value, offset);
      break;
    case 'f64':
      data.writeDoubleLE(value, offset);
      break;
    default:
      data.writeUInt8(encode!(Math.round(value * 32767)) & 0xff, offset);
  }
}

const MPEG_RATE = 48_000;
const MPEG_FRAME_BYTES = 128;
const MPEG_FRAME_SAMPLES = 384;

/**
 * An MPEG-1 Layer I file (which `.mp3` players take, too) with a sine below 700 Hz: such a sound lies in the first of the 32 subbands
 * alone, so that the encoder has nothing to do but to sample it at 1500 Hz and write the numbers down (ISO 11172-3).
 */
export function makeMpeg(seconds: number, frequency: number): Buffer {
  const frames = Math.ceil((seconds * MPEG_RATE) / MPEG_FRAME_SAMPLES);
  const file = Buffer.alloc(frames * MPEG_FRAME_BYTES);
  for (let frame = 0; frame < frames; frame++) {
    // 128 kbit/s, 48,000 Hz, mono, no CRC.
    const bits = ['11111111111111110100010011000000'];
    // 15 bits for the first subband, none for the others; scale factor 1.
    bits.push('1110', '0000'.repeat(31), '000011');
    for (let i = 0; i < 12; i++) {
      const value = 0.4 * Math.sin((2 * Math.PI * frequency * (frame * 12 + i)) / (MPEG_RATE / 32));
      const code = Math.round(value * 16383) + 16384;
      bits.push(code.toString(2).padStart(15, '0'));
    }
    const all = bits.join('');
    for (let i = 0; i < all.length; i += 8) {
      file[frame * MPEG_FRAME_BYTES + i / 8] = Number.parseInt(all.slice(i, i + 8).padEnd(8, '0'), 2);
    }
  }
  return file;
}

/**
 * How much of the 100 ms in which it was clearest is a sine of `frequency` Hz. What is heard in real time may have holes where the
 * machine stood still; between them it has to be clean.
 */
export function clearestShare(samples: ArrayLike<number>, frequency: number): number {
  const all = Int16Array.from(samples);
  let best = 0;
  for (let from = 0; from + 800 <= all.length; from += 80) {
    best = Math.max(best, toneShare(all.subarray(from, from + 800), frequency));
  }
  return best;
}
