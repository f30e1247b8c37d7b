/** What the first bytes of a file say that it is. Servers often send a wrong Content-Type, so it is not asked. */
export type FileKind = { readonly kind: 'wav' | 'mp3' } | { readonly kind: 'other'; readonly what: string };

const SIGNATURES: readonly (readonly [offset: number, bytes: string, what: string])[] = [
  [0, 'OggS', 'an Ogg file (Vorbis or Opus)'],
  [0, 'fLaC', 'a FLAC file'],
  [4, 'ftyp', 'an MP4 file (AAC)'],
  [0, 'FORM', 'an AIFF file'],
  [0, '.snd', 'an AU file'],
  [0, '#!AMR', 'an AMR file'],
  [0, 'MThd', 'a MIDI file'],
  [0, 'RIFX', 'a big-endian RIFF file'],
  [0, 'RIFF', 'a RIFF file that is no sound (AVI or WebP)'],
  [0, '\x1aE\xdf\xa3', 'a Matroska or WebM file'],
  [0, '\x1f\x8b', 'a gzip archive'],
  [0, 'PK\x03\x04', 'a zip archive'],
  [0, '%PDF', 'a PDF document'],
  [0, '\x89PNG', 'a PNG picture'],
  [0, '\xff\xd8\xff', 'a JPEG picture'],
  [0, 'GIF8', 'a GIF picture'],
  [0, '\x7fELF', 'a program'],
];

const BITRATES_V1_L3 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const BITRATES_V2_L3 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const RATES = [44_100, 48_000, 32_000];

/** Bytes of the MPEG layer III frame whose header is at `at` (ISO 11172-3, 2.4.1.3); undefined when there is none. */
function mp3FrameBytes(bytes: Uint8Array, at: number): number | undefined {
  const [b0, b1, b2] = [bytes[at], bytes[at + 1], bytes[at + 2]];
  if (b0 !== 0xff || b1 === undefined || b2 === undefined || (b1 & 0xe0) !== 0xe0) return undefined;
  const version = (b1 >> 3) & 3;
  const layer = (b1 >> 1) & 3;
  if (version === 1 || layer !== 1) return undefined;
  const kbps = (version === 3 ? BITRATES_V1_L3 : BITRATES_V2_L3)[b2 >> 4];
  const base = RATES[(b2 >> 2) & 3];
  if (kbps === undefined || kbps === 0 || base === undefined) return undefined;
  const rate = version === 3 ? base : version === 2 ? base / 2 : base / 4;
  return Math.floor(((version === 3 ? 144_000 : 72_000) * kbps) / rate) + ((b2 >> 1) & 1);
}

export function fileKind(bytes: Uint8Array): FileKind {
  if (bytes.length === 0) return { kind: 'other', what: 'empty' };
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 512)).toString('latin1');
  if ((head.startsWith('RIFF') || head.startsWith('RF64')) && head.startsWith('WAVE', 8)) return { kind: 'wav' };
  if (head.startsWith('ID3')) return { kind: 'mp3' };
  if (startsWithMp3Frames(bytes)) return { kind: 'mp3' };
  for (const [offset, signature, what] of SIGNATURES) {
    if (head.startsWith(signature, offset)) return { kind: 'other', what };
  }
  if (bytes[0] === 0xff && (bytes[1]! & 0xf6) === 0xf0) return { kind: 'other', what: 'an AAC file' };
  const text = head.replace(/^\xef\xbb\xbf/, '').trimStart();
  if (/^(<!doctype html|<html|<head|<body)/i.test(text)) return { kind: 'other', what: 'a web page' };
  if (text.startsWith('<')) return { kind: 'other', what: 'an XML document' };
  if (/^[{[]/.test(text)) return { kind: 'other', what: 'a JSON document' };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what no text holds
  if (!/[\x00-\x08\x0e-\x1f]/.test(text)) return { kind: 'other', what: 'text' };
  return { kind: 'other', what: 'of an unknown format' };
}

/** A frame at the beginning, and another one where it ends: two bytes alone prove nothing. Some encoders write zeros first. */
function startsWithMp3Frames(bytes: Uint8Array): boolean {
  let at = 0;
  while (at < 4096 && bytes[at] === 0) at++;
  const length = mp3FrameBytes(bytes, at);
  if (length === undefined) return false;
  return at + length + 3 > bytes.length || mp3FrameBytes(bytes, at + length) !== undefined;
}
