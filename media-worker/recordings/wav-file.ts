import { type FileHandle, open, rename, rm } from 'node:fs/promises';

/** Format and place of the samples of a wav file of 16-bit PCM, as FreeSWITCH writes it. */
export interface WavShape {
  readonly channels: number;
  /** Hz. */
  readonly rate: number;
  /** Offset of the first sample. */
  readonly start: number;
  /** Bytes of whole frames that are there, whatever the header says. */
  readonly bytes: number;
}

const CANONICAL_HEADER = 44;
const PIECE_BYTES = 64 * 1024;
/** Chunks before the samples; a file with more is none of FreeSWITCH's. */
const MAX_CHUNKS = 20;

/** Milliseconds of sound. */
export function durationMs({ bytes, channels, rate }: WavShape): number {
  return (bytes / (2 * channels) / rate) * 1000;
}

/**
 * Looks at a wav file and makes its header true: a recorder that was killed leaves sizes behind that are too small or 0. Undefined when it
 * is no wav file of 16-bit PCM (an empty one, for instance).
 */
export async function repairWav(path: string): Promise<WavShape | undefined> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    const shape = await readShape(file, size);
    if (shape === undefined) return undefined;
    const { start, bytes } = shape;
    const sizes = Buffer.alloc(4);
    sizes.writeUInt32LE(start - 8 + bytes);
    await file.write(sizes, 0, 4, 4);
    sizes.writeUInt32LE(bytes);
    await file.write(sizes, 0, 4, start - 4);
    if (size > start + bytes) await file.truncate(start + bytes);
    return shape;
  } finally {
    await file.close();
  }
}

async function readShape(file: FileHandle, size: number): Promise<WavShape | undefined> {
  const head = Buffer.alloc(8);
  let format: { channels: number; rate: number } | undefined;
  let at = 12;
  for (let chunk = 0; chunk < MAX_CHUNKS && at + 8 <= size; chunk += 1) {
    await file.read(head, 0, 8, at);
    const id = head.toString('latin1', 0, 4);
    const length = head.readUInt32LE(4);
    if (id === 'data') {
      if (format === undefined) return undefined;
      const start = at + 8;
      const block = 2 * format.channels;
      return { ...format, start, bytes: Math.floor((size - start) / block) * block };
    }
    if (id === 'fmt ') {
      const fields = Buffer.alloc(16);
      await file.read(fields, 0, 16, at + 8);
      const channels = fields.readUInt16LE(2);
      if (fields.readUInt16LE(14) !== 16 || channels < 1 || channels > 2) return undefined;
      format = { channels, rate: fields.readUInt32LE(4) };
    }
    at += 8 + length + (length % 2);
  }
  return undefined;
}

/** Below this mean magnitude 20 ms count as silence: FreeSWITCH's own threshold in `record`. */
export const SILENCE_LEVEL = 200;
const WINDOW_MS = 20;
/** Kept before the first and after the last sound, so that soft beginnings and ends of words are not cut. */
const MARGIN_MS = 100;

/** The part of the samples, in bytes from the first, that is not silence before or after; undefined when all of it is. */
async function soundingPart(file: FileHandle, shape: WavShape): Promise<[from: number, to: number] | undefined> {
  const { channels, rate, start, bytes } = shape;
  const block = 2 * channels;
  const window = Math.round((rate * WINDOW_MS) / 1000) * block;
  const margin = Math.round((rate * MARGIN_MS) / 1000) * block;
  const piece = Buffer.alloc(Math.floor(PIECE_BYTES / window) * window);
  let first: number | undefined;
  let last = 0;
  for (let at = 0; at < bytes; at += piece.length) {
    const { bytesRead } = await file.read(piece, 0, Math.min(piece.length, bytes - at), start + at);
    if (bytesRead === 0) break;
    for (let from = 0; from < bytesRead; from += window) {
      const to = Math.min(from + window, bytesRead) & ~1;
      let sum = 0;
      for (let i = from; i < to; i += 2) sum += Math.abs(piece.readInt16LE(i));
      if (to === from || sum / ((to - from) / 2) < SILENCE_LEVEL) continue;
      first ??= at + from;
      last = at + to;
    }
  }
  return first === undefined ? undefined : [Math.max(0, first - margin), Math.min(bytes, last + margin)];
}

/**
 * Cuts silence off both ends of a wav file. A file that is silent throughout stays as it is: that it is silent is what it has to tell. The
 * file is replaced at once, never seen half written.
 */
export async function trimWav(path: string, shape: WavShape): Promise<WavShape> {
  const file = await open(path, 'r');
  try {
    const part = await soundingPart(file, shape);
    if (part === undefined || (part[0] === 0 && part[1] === shape.bytes)) return shape;
    const [from, to] = part;
    const trimmed: WavShape = { ...shape, start: CANONICAL_HEADER, bytes: to - from };
    const temporary = `${path}.part`;
    const target = await open(temporary, 'w');
    try {
      await target.write(headerOf(trimmed));
      const piece = Buffer.alloc(PIECE_BYTES);
      for (let at = from; at < to; ) {
        const { bytesRead } = await file.read(piece, 0, Math.min(piece.length, to - at), shape.start + at);
        if (bytesRead === 0) break;
        await target.write(piece, 0, bytesRead);
        at += bytesRead;
      }
    } catch (error) {
      await target.close();
      await rm(temporary, { force: true });
      throw error;
    }
    await target.close();
    await rename(temporary, path);
    return trimmed;
  } finally {
    await file.close();
  }
}

/** Whether there is anything to hear in it. */
export async function hasSound(path: string, shape: WavShape): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    return (await soundingPart(file, shape)) !== undefined;
  } finally {
    await file.close();
  }
}

function headerOf({ channels, rate, bytes }: WavShape): Buffer {
  const header = Buffer.alloc(CANONICAL_HEADER);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(CANONICAL_HEADER - 8 + bytes, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * channels * 2, 28);
  header.writeUInt16LE(channels * 2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(bytes, 40);
  return header;
}
