import { readFileSync } from 'node:fs';

/** Recorded sound: one channel, -1 to 1. */
export interface Sound {
  readonly samples: Float32Array;
  /** Hz. */
  readonly rate: number;
}

/** Reads a wav file of 16-bit PCM, any number of channels (the first is taken); what baresip and `pivot call --record` write. */
export function readWavFile(path: string): Sound {
  const bytes = readFileSync(path);
  let [channels, rate, at] = [1, 8000, 12];
  while (at + 8 <= bytes.length) {
    const id = bytes.toString('latin1', at, at + 4);
    const size = bytes.readUInt32LE(at + 4);
    if (id === 'fmt ') {
      if (bytes.readUInt16LE(at + 22) !== 16) throw new Error(`${path} has not 16 bits per sample`);
      channels = bytes.readUInt16LE(at + 10);
      rate = bytes.readUInt32LE(at + 12);
    }
    if (id === 'data') {
      // A recorder that was ended has not filled the size in.
      const end = size === 0 ? bytes.length : Math.min(bytes.length, at + 8 + size);
      const frames = Math.floor((end - at - 8) / (2 * channels));
      const samples = Float32Array.from(
        { length: frames },
        (_, i) => bytes.readInt16LE(at + 8 + i * 2 * channels) / 32_768,
      );
      return { samples, rate };
    }
    at += 8 + size + (size % 2);
  }
  throw new Error(`${path} is no wav file, or has no samples`);
}

/** Writes a wav file's bytes, 16-bit PCM, one channel. */
export function wavBytes({ samples, rate }: Sound): Buffer {
  const bytes = Buffer.alloc(44 + samples.length * 2);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(rate, 24);
  bytes.writeUInt32LE(rate * 2, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(samples.length * 2, 40);
  for (const [i, value] of samples.entries()) {
    bytes.writeInt16LE(Math.max(-32_768, Math.min(32_767, Math.round(value * 32_767))), 44 + i * 2);
  }
  return bytes;
}

export function silence(ms: number, rate = 8000): Sound {
  return { samples: new Float32Array(Math.round((ms * rate) / 1000)), rate };
}

export function sine(hertz: number, ms: number, amplitude = 0.5, rate = 8000): Sound {
  const samples = Float32Array.from(
    { length: Math.round((ms * rate) / 1000) },
    (_, i) => amplitude * Math.sin((2 * Math.PI * hertz * i) / rate),
  );
  return { samples, rate };
}

/** One sound after the other; all of one rate. */
export function join(...sounds: readonly Sound[]): Sound {
  const rate = sounds[0]?.rate ?? 8000;
  return { samples: Float32Array.from(sounds.flatMap(({ samples }) => [...samples])), rate };
}

/** Part of a sound, in milliseconds. */
export function cut({ samples, rate }: Sound, fromMs: number, toMs = Number.POSITIVE_INFINITY): Sound {
  return { samples: samples.slice((fromMs * rate) / 1000, (Math.min(toMs, 1e9) * rate) / 1000), rate };
}

/** Root mean square of each stretch of `windowMs`. */
export function energy({ samples, rate }: Sound, windowMs = 20): Float32Array {
  const window = Math.round((windowMs * rate) / 1000);
  return Float32Array.from({ length: Math.floor(samples.length / window) }, (_, i) => {
    let sum = 0;
    for (let k = i * window; k < (i + 1) * window; k++) sum += samples[k]! ** 2;
    return Math.sqrt(sum / window);
  });
}

/** Amplitude of a sine of `hertz` in samples `from` to `to` (Goertzel's algorithm under a Hann window). */
export function amplitudeAt({ samples, rate }: Sound, hertz: number, from = 0, to = samples.length): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hertz) / rate);
  const length = to - from;
  let [previous, before, weight] = [0, 0, 0];
  for (let i = 0; i < length; i++) {
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / length);
    weight += window;
    [previous, before] = [(samples[from + i] ?? 0) * window + coefficient * previous - before, previous];
  }
  const power = previous ** 2 + before ** 2 - coefficient * previous * before;
  return weight === 0 ? 0 : (2 * Math.sqrt(Math.max(0, power))) / weight;
}

export interface Stretch {
  readonly startMs: number;
  readonly lengthMs: number;
}

/** Resolution of start and length of tones and of activity. */
export const STEP_MS = 10;
const TONE_WINDOW_MS = 30;
/** Gaps up to this long (a lost packet) do not divide a tone. */
const TONE_GAP_MS = 40;

/**
 * Where a tone of `hertz` sounds, on and off: it must be at least `amplitude` strong and hold most of the energy, so that speech and
 * other tones (from about 100 Hz away) do not count. Exact to about 20 ms.
 */
export function findTone(sound: Sound, hertz: number, amplitude = 0.02): readonly Stretch[] {
  const { samples, rate } = sound;
  const window = Math.round((TONE_WINDOW_MS * rate) / 1000);
  const step = Math.round((STEP_MS * rate) / 1000);
  const marks: boolean[] = [];
  for (let from = 0; from + window <= samples.length; from += step) {
    const level = amplitudeAt(sound, hertz, from, from + window);
    let sum = 0;
    for (let i = from; i < from + window; i++) sum += samples[i]! ** 2;
    const all = Math.sqrt((2 * sum) / window);
    marks.push(level >= amplitude && level > 0.8 * all);
  }
  // A mark stands for the middle of its window.
  return stretches(marks, TONE_GAP_MS).map(({ startMs, lengthMs }) => ({
    startMs: startMs + (TONE_WINDOW_MS - STEP_MS) / 2,
    lengthMs,
  }));
}

/** Where something sounds: louder than `level`, gaps up to `gapMs` (between words) included. */
export function findActivity(sound: Sound, level = 0.01, gapMs = 300): readonly Stretch[] {
  return stretches(
    [...energy(sound, STEP_MS)].map((value) => value > level),
    gapMs,
  );
}

function stretches(marks: readonly boolean[], gapMs: number): readonly Stretch[] {
  const found: { first: number; last: number }[] = [];
  for (const [index, mark] of marks.entries()) {
    if (!mark) continue;
    const current = found.at(-1);
    if (current !== undefined && (index - current.last - 1) * STEP_MS <= gapMs) current.last = index;
    else found.push({ first: index, last: index });
  }
  return found.map(({ first, last }) => ({ startMs: first * STEP_MS, lengthMs: (last - first + 1) * STEP_MS }));
}

export interface SpeechLikeness {
  /** Milliseconds of the sound above the silence between words. */
  readonly activeMs: number;
  /** How much the level changes from syllable to syllable: standard deviation by mean. Speech 0.5 to 1.2, a tone near 0. */
  readonly variation: number;
  /** Share of the energy that one sine in each 20 ms explains. A tone near 1, speech 0.4 to 0.8. */
  readonly purity: number;
  readonly isSpeech: boolean;
}

/** Whether a sound is like speech: it lasts, rises and falls, and is neither one tone nor even noise. */
export function speechLikeness(sound: Sound): SpeechLikeness {
  const levels = energy(sound, 40);
  const loudest = levels.reduce((a, b) => Math.max(a, b), 0);
  const active = levels.filter((level) => level > Math.max(0.005, loudest * 0.1));
  const mean = levels.reduce((a, b) => a + b, 0) / Math.max(1, levels.length);
  const spread = Math.sqrt(levels.reduce((sum, level) => sum + (level - mean) ** 2, 0) / Math.max(1, levels.length));
  const variation = mean === 0 ? 0 : spread / mean;
  const purity = purityOf(sound, Math.max(0.005, loudest * 0.1));
  const activeMs = active.length * 40;
  return { activeMs, variation, purity, isSpeech: activeMs >= 200 && variation > 0.35 && purity < 0.9 };
}

/** Over windows of 20 ms louder than `level`. */
function purityOf(sound: Sound, level: number): number {
  const grid = Array.from({ length: 132 }, (_, i) => 100 + i * 25);
  const window = Math.round(sound.rate / 50);
  let [explained, all] = [0, 0];
  for (const [index, loudness] of energy(sound, 20).entries()) {
    if (loudness < level) continue;
    const from = index * window;
    const strongest = grid.reduce((most, hertz) => Math.max(most, amplitudeAt(sound, hertz, from, from + window)), 0);
    explained += Math.min(loudness ** 2, strongest ** 2 / 2);
    all += loudness ** 2;
  }
  return all === 0 ? 1 : explained / all;
}
