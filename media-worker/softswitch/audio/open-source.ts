import { type FileHandle, open } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { type Fault, fault } from '../../../crds/errors/fault.ts';
import { softswitchCodes } from '../../../crds/errors/softswitch.ts';
import { type AudioSource, FRAME_SAMPLES, SAMPLE_RATE } from '../rtp/types.ts';
import { createMp3Decoder, type Mp3Decoder } from './mp3-decoder.ts';
import { SequenceSource } from './sequence.ts';
import { SilenceSource } from './silence.ts';
import { dtmfTones, parseTones, ToneSource } from './tone.ts';
import { looksLikeWav } from './wav-format.ts';
import { openWav } from './wav-source.ts';

export interface OpenSourceOptions {
  /** Folder that relative file names are looked up in. Default: the process's. */
  readonly baseDir?: string;
  /**
   * Decoder of mp3 files. Without one, each mp3 file gets a thread of its own for as long as it is open, which costs some 50 ms;
   * whoever plays many shares one (`createMp3Decoder`).
   */
  readonly mp3?: Mp3Decoder;
}

const MAX_REFERENCE = 16 * 1024;
const MAX_LIST = 256;
const DTMF_ON_MS = 100;
const DTMF_OFF_MS = 60;
/** Positions given with `@@` beyond a day are mistakes. */
const MAX_SKIP = 24 * 3600 * SAMPLE_RATE;
const MAX_GENERATED_SKIP = 600 * SAMPLE_RATE;

/**
 * Opens what FreeSWITCH's `playback` takes: a wav or mp3 file (told by its content), `tone_stream://`, `silence_stream://MS[,NOISE]`,
 * `file_string://a!b!c`, and `dtmf://DIGITS`; with `@@N` after it, from sample N (at 8000 Hz) on. Files are open and their first
 * sound decoded when the promise resolves; it never rejects.
 */
export async function openSource(reference: string, options: OpenSourceOptions = {}): Promise<AudioSource | Fault> {
  try {
    if (reference.length > MAX_REFERENCE) return fault(softswitchCodes.badSound, 'the sound reference is too long');
    const { name, skip } = splitPosition(reference.trim());
    return await openReference(name, skip, options, true);
  } catch (error) {
    // Files that vanish, disks that fail: whatever the machine says while we read.
    return fault(
      softswitchCodes.soundUnreadable,
      `${shorten(reference)}: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** Whether what `openSource` gave is a fault. */
export function isFault(opened: AudioSource | Fault): opened is Fault {
  return 'code' in opened;
}

function splitPosition(reference: string): { name: string; skip: number } {
  const match = /^(.+)@@(\d+)$/.exec(reference);
  if (match === null) return { name: reference, skip: 0 };
  return { name: match[1]!, skip: Math.min(Number(match[2]), MAX_SKIP) };
}

async function openReference(
  reference: string,
  skip: number,
  options: OpenSourceOptions,
  listsAllowed: boolean,
): Promise<AudioSource | Fault> {
  const scheme = /^([a-z][a-z0-9_+.-]*):\/\/(.*)$/is.exec(reference);
  if (scheme === null) return openFile(reference, skip, options);
  const rest = scheme[2]!;
  switch (scheme[1]!.toLowerCase()) {
    case 'file':
      return openFile(rest, skip, options);
    case 'tone_stream':
      return rest.toLowerCase().startsWith('path=')
        ? openToneFile(rest.slice('path='.length), skip, options)
        : openTones(rest, skip);
    case 'silence_stream':
      return openSilence(rest, skip);
    case 'dtmf': {
      const program = dtmfTones(rest, DTMF_ON_MS, DTMF_OFF_MS);
      return program === undefined
        ? bad(reference, 'there are no digits in it')
        : skipped(new ToneSource(program), skip);
    }
    case 'file_string':
      return listsAllowed ? openList(rest, skip, options) : bad(reference, 'a list cannot stand in a list');
    default:
      return bad(reference, `the scheme ${scheme[1]} is not known`);
  }
}

function openTones(description: string, skip: number): AudioSource | Fault {
  const program = parseTones(description);
  return program === undefined
    ? bad(`tone_stream://${description}`, 'there is no tone in it')
    : skipped(new ToneSource(program), skip);
}

/** A file of tone descriptions, a line each. */
async function openToneFile(name: string, skip: number, options: OpenSourceOptions): Promise<AudioSource | Fault> {
  const handle = await openHandle(name, options);
  if ('code' in handle) return handle;
  try {
    const buffer = Buffer.alloc(MAX_REFERENCE);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    const programs = buffer
      .toString('utf8', 0, bytesRead)
      .split('\n')
      .map(parseTones)
      .filter((program) => program !== undefined);
    if (programs.length === 0) return bad(name, 'there is no tone in it');
    return skipped(new SequenceSource(programs.map((program) => new ToneSource(program))), skip);
  } finally {
    await handle.close();
  }
}

function openSilence(rest: string, skip: number): AudioSource | Fault {
  const match = /^\s*(-?\d+)(?:,(-?\d+))?/.exec(rest);
  const milliseconds = Number(match?.[1] ?? 0);
  if (milliseconds === 0) return bad(`silence_stream://${rest}`, 'milliseconds are expected');
  const divisor = Number(match?.[2] ?? 0);
  return skipped(new SilenceSource(milliseconds, divisor > 0 ? divisor : undefined), skip);
}

/** What cannot be opened is passed over, as in FreeSWITCH; a list in which nothing can be is a fault, that of the first. */
async function openList(list: string, skip: number, options: OpenSourceOptions): Promise<AudioSource | Fault> {
  const sources: AudioSource[] = [];
  let first: Fault | undefined;
  for (const item of list.split('!', MAX_LIST)) {
    if (item === '') continue;
    const opened = await openReference(item, 0, options, false);
    if (isFault(opened)) first ??= opened;
    else sources.push(opened);
  }
  if (sources.length === 0) return first ?? bad(`file_string://${list}`, 'the list is empty');
  return skipped(new SequenceSource(sources), skip);
}

async function openFile(name: string, skip: number, options: OpenSourceOptions): Promise<AudioSource | Fault> {
  const handle = await openHandle(name, options);
  if ('code' in handle) return handle;
  let ours = true;
  try {
    const status = await handle.stat();
    if (!status.isFile()) return fault(softswitchCodes.soundNotFound, `${shorten(name)}: not a file`);
    const head = Buffer.alloc(12);
    await handle.read(head, 0, head.length, 0);
    if (looksLikeWav(head)) {
      ours = false;
      return await openWav(shorten(name), handle, status.size, skip);
    }
    if (!looksLikeMp3(head) && !/\.mp3$/i.test(name)) {
      return fault(softswitchCodes.soundUnreadable, `${shorten(name)}: neither a wav nor an mp3 file`);
    }
  } finally {
    if (ours) await handle.close();
  }
  return openMp3(pathOf(name, options), skip, options.mp3);
}

async function openMp3(path: string, skip: number, shared: Mp3Decoder | undefined): Promise<AudioSource | Fault> {
  if (shared !== undefined) return shared.open(path, skip);
  const own = createMp3Decoder();
  const opened = await own.open(path, skip);
  if (isFault(opened)) {
    await own.close();
    return opened;
  }
  return {
    read: (frame) => opened.read(frame),
    get position() {
      return opened.position;
    },
    close: () => {
      opened.close();
      void own.close();
    },
  };
}

async function openHandle(name: string, options: OpenSourceOptions): Promise<FileHandle | Fault> {
  // A NUL would make `open` throw, and no file has one in its name.
  if (name === '' || name.includes('\0')) return fault(softswitchCodes.soundNotFound, `${shorten(name)}: no such file`);
  try {
    return await open(pathOf(name, options), 'r');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return fault(softswitchCodes.soundNotFound, `${shorten(name)}: ${code === 'ENOENT' ? 'no such file' : code}`);
  }
}

function pathOf(name: string, options: OpenSourceOptions): string {
  return isAbsolute(name) ? name : join(options.baseDir ?? '.', name);
}

/** An ID3 tag, or the eleven set bits that begin an MPEG audio frame of layer I to III. */
function looksLikeMp3(head: Uint8Array): boolean {
  if (head[0] === 0x49 && head[1] === 0x44 && head[2] === 0x33) return true;
  return head[0] === 0xff && (head[1]! & 0xe0) === 0xe0 && (head[1]! & 0x06) !== 0;
}

/** Generated sound is skipped by generating it, at most ten minutes of it: nobody wants more, and it would take too long. */
function skipped(source: AudioSource, samples: number): AudioSource {
  const frame = new Int16Array(FRAME_SAMPLES);
  const bounded = Math.min(samples, MAX_GENERATED_SKIP);
  while (source.position + FRAME_SAMPLES <= bounded && source.read(frame));
  return source;
}

function bad(reference: string, why: string): Fault {
  return fault(softswitchCodes.badSound, `${shorten(reference)}: ${why}`);
}

function shorten(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}
