import { type Fault, fault } from '../../../crds/errors/fault.ts';
import { softswitchCodes } from '../../../crds/errors/softswitch.ts';

/** How the samples of a wav file are written, and where. */
export interface WavFormat {
  readonly encoding: 'unsigned' | 'signed' | 'float' | 'alaw' | 'mulaw';
  readonly bits: 8 | 16 | 24 | 32 | 64;
  readonly channels: number;
  /** Hz. */
  readonly rate: number;
  /** Offset of the first sample in the file, and how many bytes of samples the header promises. */
  readonly dataStart: number;
  readonly dataBytes: number;
}

/** Reads `length` bytes at `offset`, fewer at the end of the file. */
export type ReadAt = (offset: number, length: number) => Promise<Uint8Array>;

/** `WAVE_FORMAT_*`, RFC 2361. */
const PCM = 0x0001;
const IEEE_FLOAT = 0x0003;
const ALAW = 0x0006;
const MULAW = 0x0007;
const EXTENSIBLE = 0xfffe;

const MAX_CHUNKS = 100;
const MAX_CHANNELS = 32;
const MIN_RATE = 1000;
const MAX_RATE = 384_000;
/** Sizes that writers leave behind when they cannot go back to fill in the real one. */
const UNKNOWN_SIZES: readonly number[] = [0, 0xffffffff, 0x7fffffff, 0x7ffff000];

/** Whether a file that begins like this is a wav file. */
export function looksLikeWav(head: Uint8Array): boolean {
  const id = ascii(head, 0);
  return (id === 'RIFF' || id === 'RF64') && ascii(head, 8) === 'WAVE';
}

/** Finds format and samples of a wav file of `fileBytes` bytes. */
export async function readWavFormat(name: string, readAt: ReadAt, fileBytes: number): Promise<WavFormat | Fault> {
  const unreadable = (why: string): Fault => fault(softswitchCodes.soundUnreadable, `${name}: ${why}`);
  let format: Omit<WavFormat, 'dataStart' | 'dataBytes'> | undefined;
  let offset = 12;
  for (let i = 0; i < MAX_CHUNKS; i++) {
    const header = view(await readAt(offset, 8));
    if (header.byteLength < 8) break;
    const id = ascii(new Uint8Array(header.buffer, header.byteOffset, 4), 0);
    const size = header.getUint32(4, true);
    if (id === 'fmt ') {
      const parsed = parseFormat(view(await readAt(offset + 8, Math.min(size, 40))));
      if (typeof parsed === 'string') return unreadable(parsed);
      format = parsed;
    } else if (id === 'data') {
      if (format === undefined) return unreadable('the samples come before their format');
      const dataStart = offset + 8;
      const there = Math.max(0, fileBytes - dataStart);
      const block = (format.bits / 8) * format.channels;
      const bytes = UNKNOWN_SIZES.includes(size) ? there : Math.min(size, there);
      if (bytes < block) return unreadable('there are no samples in it');
      return { ...format, dataStart, dataBytes: bytes - (bytes % block) };
    }
    // Chunks are padded to an even size.
    offset += 8 + size + (size % 2);
  }
  return unreadable('there are no samples in it');
}

function parseFormat(fmt: DataView): Omit<WavFormat, 'dataStart' | 'dataBytes'> | string {
  if (fmt.byteLength < 16) return 'its format is cut short';
  let tag = fmt.getUint16(0, true);
  const channels = fmt.getUint16(2, true);
  const rate = fmt.getUint32(4, true);
  const bits = fmt.getUint16(14, true);
  if (tag === EXTENSIBLE && fmt.byteLength >= 26) tag = fmt.getUint16(24, true);
  if (channels < 1 || channels > MAX_CHANNELS) return `${channels} channels are not supported`;
  if (rate < MIN_RATE || rate > MAX_RATE) return `a rate of ${rate} Hz is not supported`;
  switch (tag) {
    case PCM:
      if (bits === 8) return { encoding: 'unsigned', bits, channels, rate };
      if (bits === 16 || bits === 24 || bits === 32) return { encoding: 'signed', bits, channels, rate };
      break;
    case IEEE_FLOAT:
      if (bits === 32 || bits === 64) return { encoding: 'float', bits, channels, rate };
      break;
    case ALAW:
      if (bits === 8) return { encoding: 'alaw', bits, channels, rate };
      break;
    case MULAW:
      if (bits === 8) return { encoding: 'mulaw', bits, channels, rate };
      break;
    default:
      return `its encoding (format tag 0x${tag.toString(16)}) is not supported`;
  }
  return `${bits} bits of format tag 0x${tag.toString(16)} are not supported`;
}

/** Bytes of the header that `wavHeader` makes. */
export const WAV_HEADER_BYTES = 44;

/** The header of a file of 16-bit PCM with `dataBytes` bytes of samples. */
export function wavHeader(channels: 1 | 2, rate: number, dataBytes: number): Buffer {
  const header = Buffer.alloc(WAV_HEADER_BYTES);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(WAV_HEADER_BYTES - 8 + dataBytes, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(PCM, 20);
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * channels * 2, 28);
  header.writeUInt16LE(channels * 2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(dataBytes, 40);
  return header;
}

function ascii(bytes: Uint8Array, offset: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + 4));
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
