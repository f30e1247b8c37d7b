import { MPEGDecoder } from 'mpg123-decoder';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import { mediaCodes } from '../../crds/errors/media.ts';
import { fileKind } from './format.ts';
import { polishSpeech } from './level.ts';
import { Resampler } from './resample.ts';
import { MAX_RATE, MIN_RATE, monoPieces, readWav, wavDurationMs, writeWav } from './wav.ts';

/** What telephones carry and every FreeSWITCH plays without a module of its own. */
const TELEPHONE_RATE = 8000;

export type Conversion =
  | {
      readonly ok: true;
      readonly wav: Uint8Array<ArrayBuffer>;
      readonly durationMs: number;
      readonly warnings: readonly Fault[];
    }
  | { readonly ok: false; readonly fault: Fault };

export interface ConvertOptions {
  /** Level, silence and fades are put right: for what an engine spoke. Files keep their level. */
  readonly speech: boolean;
  /** Milliseconds that the result may last. */
  readonly maxMs: number;
}

/** Makes an 8 kHz mono 16-bit PCM wav file of a wav or mp3 file. Long work: done in a thread. */
export async function convert(bytes: Uint8Array, options: ConvertOptions): Promise<Conversion> {
  const kind = fileKind(bytes);
  if (kind.kind === 'other') {
    return { ok: false, fault: fault(mediaCodes.notAudio, `it is ${kind.what}, not a wav or mp3 file`) };
  }
  const track = new Track(options.maxMs);
  const warnings: Fault[] = [];
  if (kind.kind === 'wav') {
    const read = readWav(bytes);
    if (!read.ok)
      return { ok: false, fault: fault(mediaCodes.unreadable, `the wav file cannot be read: ${read.problem}`) };
    if (read.wav.truncated) {
      warnings.push(fault(mediaCodes.truncated, 'the wav file ends before the end that its header gives'));
    }
    if (wavDurationMs(read.wav) > options.maxMs) return tooLong(options.maxMs);
    for (const piece of monoPieces(read.wav)) track.add(piece, read.wav.rate);
  } else {
    const problem = await decodeMp3(bytes, track);
    if (problem !== undefined) return { ok: false, fault: fault(mediaCodes.unreadable, problem) };
  }
  const samples = track.end();
  if (samples === undefined) return tooLong(options.maxMs);
  const final = options.speech ? polishSpeech(samples, TELEPHONE_RATE) : samples;
  return {
    ok: true,
    wav: writeWav(final, TELEPHONE_RATE),
    durationMs: Math.round((final.length * 1000) / TELEPHONE_RATE),
    warnings,
  };
}

function tooLong(maxMs: number): Conversion {
  return { ok: false, fault: fault(mediaCodes.tooLong, `it lasts longer than ${Math.round(maxMs / 1000)} s`) };
}

/** Decoded a little at a time, so that memory stays small however long it is. Returns what is wrong. */
async function decodeMp3(bytes: Uint8Array, track: Track): Promise<string | undefined> {
  const decoder = new MPEGDecoder();
  await decoder.ready;
  try {
    let decoded = 0;
    for (let at = 0; at < bytes.length; at += 16_384) {
      const { channelData, samplesDecoded, sampleRate } = decoder.decode(bytes.subarray(at, at + 16_384));
      const [left, right] = channelData;
      if (samplesDecoded === 0 || left === undefined) continue;
      if (sampleRate < MIN_RATE || sampleRate > MAX_RATE) return `its rate is ${sampleRate} Hz`;
      const mono = new Float32Array(samplesDecoded);
      for (let i = 0; i < samplesDecoded; i++) mono[i] = right === undefined ? left[i]! : (left[i]! + right[i]!) / 2;
      decoded += samplesDecoded;
      if (!track.add(mono, sampleRate)) break;
    }
    return decoded === 0 ? 'there is no sound in the mp3 file' : undefined;
  } finally {
    decoder.free();
  }
}

/** Collects sound of any rate as 16-bit samples of `TELEPHONE_RATE`. */
class Track {
  readonly #limit: number;
  #samples = new Int16Array(TELEPHONE_RATE * 10);
  #length = 0;
  #rate = 0;
  #resampler: Resampler | undefined;

  constructor(maxMs: number) {
    this.#limit = Math.ceil((maxMs * TELEPHONE_RATE) / 1000);
  }

  /** False when the limit is passed. */
  add(piece: Float32Array, rate: number): boolean {
    if (rate !== this.#rate) {
      this.#append(this.#resampler?.flush());
      this.#resampler = new Resampler(rate, TELEPHONE_RATE);
      this.#rate = rate;
    }
    this.#append(this.#resampler?.push(piece));
    return this.#length <= this.#limit;
  }

  /** Everything; undefined when it is over the limit. */
  end(): Int16Array | undefined {
    this.#append(this.#resampler?.flush());
    return this.#length > this.#limit ? undefined : this.#samples.subarray(0, this.#length);
  }

  #append(piece: Float32Array | undefined): void {
    if (piece === undefined) return;
    const room = Math.min(piece.length, this.#limit + 1 - this.#length);
    if (this.#length + room > this.#samples.length) {
      const larger = new Int16Array(Math.max(this.#samples.length * 2, this.#length + room));
      larger.set(this.#samples.subarray(0, this.#length));
      this.#samples = larger;
    }
    for (let i = 0; i < room; i++) {
      this.#samples[this.#length++] = Math.max(-32_768, Math.min(32_767, Math.round(piece[i]! * 32_768)));
    }
  }
}
