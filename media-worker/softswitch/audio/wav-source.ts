import type { FileHandle } from 'node:fs/promises';
import alawmulaw from 'alawmulaw';
import type { Fault } from '../../../crds/errors/fault.ts';
import { type AudioSource, SAMPLE_RATE } from '../rtp/types.ts';
import { type FileBytes, openFileBytes } from './file-bytes.ts';
import { ResamplingSource } from './resample.ts';
import type { SampleStream } from './samples.ts';
import { readWavFormat, type WavFormat } from './wav-format.ts';

/** Opens the wav file behind `handle`, which it takes over. `skipSamples` (at 8000 Hz) are left out at the beginning. */
export async function openWav(
  name: string,
  handle: FileHandle,
  fileBytes: number,
  skipSamples: number,
): Promise<AudioSource | Fault> {
  let ours = true;
  try {
    const readAt = async (offset: number, length: number): Promise<Uint8Array> => {
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await handle.read(buffer, 0, length, offset);
      return buffer.subarray(0, bytesRead);
    };
    const format = await readWavFormat(name, readAt, fileBytes);
    if ('code' in format) return format;
    const block = (format.bits / 8) * format.channels;
    const skipped = Math.min(Math.floor((skipSamples * format.rate) / SAMPLE_RATE) * block, format.dataBytes);
    ours = false;
    const bytes = await openFileBytes(handle, format.dataStart + skipped, format.dataBytes - skipped, block);
    const source = new ResamplingSource(new WavStream(format, bytes));
    source.position = Math.floor((skipped / block) * (SAMPLE_RATE / format.rate));
    return source;
  } finally {
    if (ours) await handle.close();
  }
}

/** Reads one sample at a byte offset, as a number of the 16-bit scale. */
type ReadSample = (data: DataView, offset: number) => number;

class WavStream implements SampleStream {
  readonly rate: number;
  readonly #bytes: FileBytes;
  readonly #channels: number;
  readonly #sampleBytes: number;
  readonly #sample: ReadSample;

  constructor(format: WavFormat, bytes: FileBytes) {
    this.rate = format.rate;
    this.#bytes = bytes;
    this.#channels = format.channels;
    this.#sampleBytes = format.bits / 8;
    this.#sample = sampleReader(format);
  }

  pull(into: Float32Array, offset: number, count: number): number {
    const channels = this.#channels;
    const sampleBytes = this.#sampleBytes;
    const part = this.#bytes.next(count * channels * sampleBytes);
    if (part === undefined) return -1;
    const data = new DataView(part.buffer, part.byteOffset, part.byteLength);
    const samples = Math.floor(part.length / (channels * sampleBytes));
    let at = 0;
    for (let i = 0; i < samples; i++) {
      let sum = 0;
      for (let channel = 0; channel < channels; channel++) {
        sum += this.#sample(data, at);
        at += sampleBytes;
      }
      into[offset + i] = sum / channels;
    }
    return samples;
  }

  close(): void {
    this.#bytes.close();
  }
}

function sampleReader({ encoding, bits }: WavFormat): ReadSample {
  switch (encoding) {
    case 'unsigned':
      return (data, offset) => (data.getUint8(offset) - 128) * 256;
    case 'signed':
      if (bits === 16) return (data, offset) => data.getInt16(offset, true);
      if (bits === 24) return (data, offset) => data.getUint8(offset) / 256 + data.getInt16(offset + 1, true);
      return (data, offset) => data.getInt32(offset, true) / 65536;
    case 'float':
      if (bits === 32) return (data, offset) => fromFloat(data.getFloat32(offset, true));
      return (data, offset) => fromFloat(data.getFloat64(offset, true));
    case 'alaw':
      return byTable(alawmulaw.alaw.decodeSample);
    case 'mulaw':
      return byTable(alawmulaw.mulaw.decodeSample);
  }
}

/** Not-a-number would spoil everything the filter touches; infinite and huge values are cut as a converter would. */
function fromFloat(value: number): number {
  if (!(value > -4)) return value <= -4 ? -4 * 32768 : 0;
  return Math.min(value, 4) * 32768;
}

function byTable(decode: (code: number) => number): ReadSample {
  const table = Int16Array.from({ length: 256 }, (_, code) => decode(code));
  return (data, offset) => table[data.getUint8(offset)]!;
}
