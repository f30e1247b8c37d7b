import { decodeImaAdpcm } from './ima-adpcm.ts';

/** Samples of a wav file and how they are written. */
export interface Wav {
  readonly encoding: 'pcm' | 'float' | 'alaw' | 'mulaw' | 'ima-adpcm';
  readonly bits: number;
  readonly channels: number;
  /** Hz. */
  readonly rate: number;
  /** Bytes of one sample of every channel, or of one block of ADPCM. */
  readonly block: number;
  readonly data: Uint8Array;
  /** There is less sound than the header promises. */
  readonly truncated: boolean;
}

export type WavReading = { readonly ok: true; readonly wav: Wav } | { readonly ok: false; readonly problem: string };

/** `WAVE_FORMAT_*`, RFC 2361. */
const ENCODINGS: ReadonlyMap<number, Wav['encoding']> = new Map([
  [0x0001, 'pcm'],
  [0x0003, 'float'],
  [0x0006, 'alaw'],
  [0x0007, 'mulaw'],
  [0x0011, 'ima-adpcm'],
]);
const EXTENSIBLE = 0xfffe;
/** Encodings that are known and not read, for the message. */
const UNREAD: Readonly<Record<number, string>> = {
  2: 'Microsoft ADPCM',
  49: 'GSM 6.10',
  64: 'G.721',
  69: 'G.726',
  85: 'MP3 inside wav',
  255: 'AAC inside wav',
};

const BITS: Readonly<Record<Wav['encoding'], readonly number[]>> = {
  pcm: [8, 16, 24, 32],
  float: [32, 64],
  alaw: [8],
  mulaw: [8],
  'ima-adpcm': [4],
};

export const MIN_RATE = 1000;
export const MAX_RATE = 384_000;
const MAX_CHANNELS = 32;
const MAX_CHUNKS = 1000;
/** Written by encoders that cannot go back to fill the size in: everything to the end of the file is sound. */
const UNKNOWN_SIZES: ReadonlySet<number> = new Set([0, 0xffff_ffff, 0x7fff_ffff, 0x7fff_f000, 0xffff_f000]);

/** Reads the header of a wav file. Never throws, whatever the bytes. */
export function readWav(bytes: Uint8Array): WavReading {
  const bad = (problem: string): WavReading => ({ ok: false, problem });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let format: Omit<Wav, 'data' | 'truncated'> | undefined;
  let at = 12;
  for (let chunk = 0; chunk < MAX_CHUNKS && at + 8 <= bytes.length; chunk++) {
    const id = Buffer.from(bytes.buffer, bytes.byteOffset + at, 4).toString('latin1');
    const size = view.getUint32(at + 4, true);
    const start = at + 8;
    if (id === 'fmt ') {
      const read = readFormat(view, start, Math.min(size, bytes.length - start));
      if (typeof read === 'string') return bad(read);
      format = read;
    } else if (id === 'data') {
      if (format === undefined) return bad('the samples come before their format');
      const there = bytes.length - start;
      const promised = UNKNOWN_SIZES.has(size) ? there : size;
      const length = Math.min(promised, there);
      const whole = length - (length % format.block);
      if (whole === 0) return bad('there are no samples in it');
      const data = bytes.subarray(start, start + whole);
      return { ok: true, wav: { ...format, data, truncated: promised > there } };
    }
    at = start + size + (size % 2);
  }
  return bad(format === undefined ? 'there is no format chunk in it' : 'there are no samples in it');
}

function readFormat(view: DataView, start: number, size: number): Omit<Wav, 'data' | 'truncated'> | string {
  if (size < 16) return 'the format chunk is cut off';
  let tag = view.getUint16(start, true);
  const channels = view.getUint16(start + 2, true);
  const rate = view.getUint32(start + 4, true);
  const block = view.getUint16(start + 12, true);
  const bits = view.getUint16(start + 14, true);
  if (tag === EXTENSIBLE) {
    if (size < 26) return 'the format chunk is cut off';
    tag = view.getUint16(start + 24, true);
  }
  const encoding = ENCODINGS.get(tag);
  if (encoding === undefined) {
    return `its encoding is ${UNREAD[tag] ?? `number 0x${tag.toString(16).padStart(4, '0')}`}, which is not supported`;
  }
  if (!BITS[encoding].includes(bits)) return `${bits} bits per sample is not supported for ${encoding}`;
  if (channels < 1 || channels > MAX_CHANNELS) return `it has ${channels} channels`;
  if (rate < MIN_RATE || rate > MAX_RATE) return `its rate is ${rate} Hz`;
  if (encoding === 'ima-adpcm') {
    if (block < 4 * channels + 4 * channels || block % (4 * channels) !== 0) return `its blocks have ${block} bytes`;
  } else if (block !== (bits / 8) * channels) {
    return `its frames have ${block} bytes, not ${(bits / 8) * channels}`;
  }
  return { encoding, bits, channels, rate, block };
}

/** Milliseconds that the sound lasts. */
export function wavDurationMs({ data, block, channels, rate, encoding }: Wav): number {
  const perBlock = encoding === 'ima-adpcm' ? 1 + ((block - 4 * channels) * 2) / channels : 1;
  return ((data.length / block) * perBlock * 1000) / rate;
}

/** Samples of every piece, at most. */
const PIECE = 8192;

/** The sound as one channel, -1 to 1, in pieces. */
export function* monoPieces(wav: Wav): Generator<Float32Array> {
  const { data, block, channels } = wav;
  if (wav.encoding === 'ima-adpcm') {
    for (let at = 0; at < data.length; at += block) yield decodeImaAdpcm(data.subarray(at, at + block), channels);
    return;
  }
  const width = block / channels;
  const read = sampleReader(wav);
  const frames = data.length / block;
  for (let first = 0; first < frames; first += PIECE) {
    const piece = new Float32Array(Math.min(PIECE, frames - first));
    for (let i = 0; i < piece.length; i++) {
      let sum = 0;
      const at = (first + i) * block;
      for (let channel = 0; channel < channels; channel++) sum += read(at + channel * width);
      piece[i] = sum / channels;
    }
    yield piece;
  }
}

function sampleReader({ data, encoding, bits }: Wav): (at: number) => number {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  switch (encoding) {
    case 'pcm':
      if (bits === 8) return (at) => (data[at]! - 128) / 128;
      if (bits === 16) return (at) => view.getInt16(at, true) / 32_768;
      if (bits === 24) return (at) => (view.getInt16(at + 1, true) * 256 + data[at]!) / 8_388_608;
      return (at) => view.getInt32(at, true) / 2_147_483_648;
    case 'float': {
      // A file may hold NaN and infinity; they would silence everything that a filter mixes them with.
      const clean = (value: number): number => (Number.isFinite(value) ? Math.max(-8, Math.min(8, value)) : 0);
      return bits === 32 ? (at) => clean(view.getFloat32(at, true)) : (at) => clean(view.getFloat64(at, true));
    }
    case 'alaw':
      return (at) => ALAW[data[at]!]!;
    case 'mulaw':
      return (at) => MULAW[data[at]!]!;
    case 'ima-adpcm':
      throw new Error('ADPCM has no single samples');
  }
}

/** G.711 tables 1a and 2a, -1 to 1. */
const ALAW = Float32Array.from({ length: 256 }, (_, code) => {
  const value = code ^ 0x55;
  const segment = (value >> 4) & 7;
  const step = ((value & 15) << 4) + 8;
  const size = segment === 0 ? step : (step + 256) << (segment - 1);
  return (value & 0x80 ? size : -size) / 32_768;
});
const MULAW = Float32Array.from({ length: 256 }, (_, code) => {
  const value = ~code & 0xff;
  const size = ((((value & 15) << 3) + 132) << ((value >> 4) & 7)) - 132;
  return (value & 0x80 ? -size : size) / 32_768;
});

/** A wav file of 16-bit PCM, one channel. */
export function writeWav(samples: Int16Array, rate: number): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(samples.length * 2);
  const view = new DataView(data.buffer);
  for (let i = 0; i < samples.length; i++) view.setInt16(i * 2, samples[i]!, true);
  return writePcm(data, rate);
}

/** The same of samples that are little-endian bytes already. */
export function writePcm(data: Uint8Array, rate: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(44 + data.length);
  const view = new DataView(bytes.buffer);
  const text = (at: number, value: string): void => {
    for (let i = 0; i < value.length; i++) bytes[at + i] = value.charCodeAt(i);
  };
  text(0, 'RIFF');
  view.setUint32(4, bytes.length - 8, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, 'data');
  view.setUint32(40, data.length, true);
  bytes.set(data, 44);
  return bytes;
}
