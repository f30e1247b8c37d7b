import { type AudioSource, type Frame, SAMPLE_RATE } from '../rtp/types.ts';

/**
 * Tone descriptions of FreeSWITCH (TGML, libteletone): `%(on,off,f1,f2…)` with milliseconds and Hz, a digit for its DTMF tone
 * (`5` or `5(on,off)`), and settings that hold from there on: `v=` dBm0 (0 to -63, default -7), `d=` and `w=` on and off of digits,
 * `>=`, `<=` and `+=` fading (every so many ms by so many dB down or up), `l=` how often the next tone is played, `L=` how often the
 * whole is. Parts are separated by `;`. As there, what is not understood is passed over.
 */
export interface Tone {
  /** Hz. */
  readonly frequencies: readonly number[];
  readonly onSamples: number;
  readonly offSamples: number;
  /** dBm0 at the beginning. */
  readonly volume: number;
  /** Samples between two changes of the volume, 0 for none, and dB per change. */
  readonly fadeSamples: number;
  readonly fadeDecibels: number;
  readonly repeat: number;
}

/** Tones in a row, and how often; `Infinity` for ever. */
export interface ToneProgram {
  readonly tones: readonly Tone[];
  readonly loops: number;
}

/** Frequencies of the sixteen keys. Those of libteletone, except 852 Hz, where it has 859, which is out of ITU-T Q.23's tolerance. */
const DTMF_ROWS = [697, 770, 852, 941];
const DTMF_COLUMNS = [1209, 1336, 1477, 1633];
const DTMF_KEYS = '123A456B789C*0#D';

/** libteletone's `TELETONE_MAX_TONES`. */
const MAX_FREQUENCIES = 18;
const MAX_TONES = 1000;
const MAX_SAMPLES = 24 * 3600 * SAMPLE_RATE;
const MAX_LOOPS = 1_000_000;
const QUIETEST = -63;
/** dBm0 of a sine of full scale (libteletone's `DBM0_MAX_POWER`). */
const FULL_SCALE_DBM0 = 3.14 + 3.02;

export function dtmfFrequencies(key: string): readonly [low: number, high: number] | undefined {
  const index = key.length === 1 ? DTMF_KEYS.indexOf(key) : -1;
  return index < 0 ? undefined : [DTMF_ROWS[index >> 2]!, DTMF_COLUMNS[index & 3]!];
}

/** Peak of a sine of that level, in units of 16-bit samples, as FreeSWITCH makes it: 10,184 at -7. */
export function toneAmplitude(volume: number): number {
  return 10 ** ((volume - FULL_SCALE_DBM0) / 20) * 32767 * Math.SQRT2;
}

/** Parses what follows `tone_stream://`. Undefined when nothing in it sounds. */
export function parseTones(description: string): ToneProgram | undefined {
  const loopsAt = description.toLowerCase().indexOf(';loops=');
  const body = loopsAt < 0 ? description : description.slice(0, loopsAt);
  const loops = loopsAt < 0 ? 1 : integer(description.slice(loopsAt + ';loops='.length));
  const settings: Settings = {
    volume: -7,
    on: 2000,
    off: 500,
    fadeMs: 0,
    fadeDirection: 0,
    fadeDecibels: 1,
    repeat: 1,
    times: 0,
  };
  const tones: Tone[] = [];
  for (const raw of body.split(';')) {
    const part = raw.trim();
    if (part[1] === '=') set(settings, part[0]!, part.slice(2));
    else if (!addTones(part, settings, tones)) break;
    if (tones.length >= MAX_TONES) break;
  }
  if (tones.length === 0) return undefined;
  // FreeSWITCH: -1 for ever, 0 as good as 1.
  const rounds = loops < 0 ? Number.POSITIVE_INFINITY : Math.min(Math.max(loops, 1), MAX_LOOPS);
  return { tones, loops: rounds * Math.min(Math.max(settings.times, 1), MAX_LOOPS) };
}

interface Settings {
  volume: number;
  on: number;
  off: number;
  fadeMs: number;
  fadeDirection: number;
  fadeDecibels: number;
  repeat: number;
  times: number;
}

function set(settings: Settings, name: string, value: string): void {
  switch (name) {
    case 'v': {
      const volume = decimal(value);
      if (volume <= 0 && volume >= QUIETEST) settings.volume = volume;
      break;
    }
    case 'd':
      settings.on = integer(value);
      break;
    case 'w':
      settings.off = integer(value);
      break;
    case '>':
    case '<':
      settings.fadeMs = integer(value);
      settings.fadeDirection = name === '>' ? -1 : 1;
      break;
    case '+':
      settings.fadeDecibels = decimal(value);
      break;
    case 'l':
      settings.repeat = integer(value);
      break;
    case 'L':
      // The first one counts.
      if (settings.times === 0) settings.times = integer(value);
      break;
  }
}

/** Tones of one part without settings. False at a syntax error, which ends the description. */
function addTones(part: string, settings: Settings, tones: Tone[]): boolean {
  let at = 0;
  while (at < part.length && tones.length < MAX_TONES) {
    const key = part[at++]!;
    let values: number[] = [];
    if (part[at] === '(') {
      const close = part.indexOf(')', at);
      const end = close < 0 ? part.length : close;
      values = part
        .slice(at + 1, end)
        .split(',', MAX_FREQUENCIES + 2)
        .map(decimal);
      at = end + 1;
      if (key === '%' ? values.length < 3 : values.length !== 2) return false;
    }
    const firstZero = values.indexOf(0, 2);
    const frequencies =
      key === '%' ? values.slice(2, firstZero < 0 ? undefined : firstZero) : (dtmfFrequencies(key) ?? []);
    if (frequencies.length === 0 || frequencies.some((frequency) => frequency < 0)) continue;
    tones.push({
      frequencies,
      onSamples: toSamples(values[0], settings.on),
      offSamples: toSamples(values[1], settings.off),
      volume: settings.volume,
      fadeSamples: Math.max(0, Math.trunc(settings.fadeMs * (SAMPLE_RATE / 1000))),
      fadeDecibels: settings.fadeDirection * settings.fadeDecibels,
      // l=-1 plays the same tone for ever.
      repeat: settings.repeat < 0 ? Number.POSITIVE_INFINITY : Math.max(1, Math.min(settings.repeat, MAX_LOOPS)),
    });
    settings.repeat = 1;
  }
  return true;
}

function toSamples(milliseconds: number | undefined, otherwise: number): number {
  const ms = milliseconds === undefined || milliseconds < 0 ? otherwise : milliseconds;
  return Math.min(Math.max(0, Math.trunc(ms)) * (SAMPLE_RATE / 1000), MAX_SAMPLES);
}

/** As C's atoi and atof: leading digits count, anything else is 0. */
function integer(text: string): number {
  const value = Number.parseInt(text, 10);
  return Number.isFinite(value) ? value : 0;
}

function decimal(text: string): number {
  const value = Number.parseFloat(text);
  return Number.isFinite(value) ? value : 0;
}

/** A key's tone, for senders of digits in the sound. */
export function dtmfTones(digits: string, onMs: number, offMs: number): ToneProgram | undefined {
  const keys = [...digits.toUpperCase()].filter((key) => dtmfFrequencies(key) !== undefined);
  return parseTones(keys.map((key) => `${key}(${onMs},${offMs})`).join(''));
}

/** Plays a program. Bounded work per frame, whatever the description says. */
export class ToneSource implements AudioSource {
  position = 0;
  readonly #program: ToneProgram;
  #loopsLeft: number;
  #index = 0;
  #repeatsLeft = 0;
  /** Samples of the present tone that have been played, its silence included. */
  #at = 0;
  #volume = 0;
  #amplitude = 0;
  #untilFade = 0;
  /** Radians per sample, and the present angle, of each frequency. */
  #steps: readonly number[] = [];
  #angles: number[] = [];
  #over: boolean;

  constructor(program: ToneProgram) {
    this.#program = program;
    this.#loopsLeft = program.loops;
    // A program without a single sample would be looked through for ever.
    this.#over = program.tones.every((tone) => tone.onSamples + tone.offSamples === 0);
    if (!this.#over) {
      this.#repeatsLeft = program.tones[0]!.repeat;
      this.#begin();
    }
  }

  read(frame: Frame): boolean {
    let filled = 0;
    let looked = 0;
    while (filled < frame.length && !this.#over) {
      const tone = this.#program.tones[this.#index]!;
      const length = tone.onSamples + tone.offSamples;
      if (this.#at >= length) {
        // Tones without samples are passed over, but not without bound.
        if (++looked > MAX_TONES) break;
        this.#advance(length === 0);
        continue;
      }
      const sounding = this.#at < tone.onSamples;
      const count = Math.min(frame.length - filled, (sounding ? tone.onSamples : length) - this.#at);
      if (sounding) this.#sound(frame, filled, count, tone);
      else frame.fill(0, filled, filled + count);
      this.#at += count;
      filled += count;
    }
    this.position += filled;
    if (filled < frame.length) frame.fill(0, filled);
    return filled > 0;
  }

  close(): void {
    this.#over = true;
  }

  #sound(frame: Frame, from: number, count: number, tone: Tone): void {
    const steps = this.#steps;
    const angles = this.#angles;
    for (let i = from; i < from + count; i++) {
      if (tone.fadeSamples > 0 && --this.#untilFade <= 0) this.#fade(tone);
      let sum = 0;
      for (let k = 0; k < steps.length; k++) {
        sum += Math.sin(angles[k]!);
        angles[k]! += steps[k]!;
      }
      // The mean of the sines, as in libteletone, cannot be louder than one of them.
      frame[i] = Math.round((this.#amplitude * sum) / steps.length);
    }
    for (let k = 0; k < angles.length; k++) angles[k]! %= 2 * Math.PI;
  }

  #fade(tone: Tone): void {
    this.#untilFade = tone.fadeSamples;
    const volume = this.#volume + tone.fadeDecibels;
    if (volume > 0 || volume < QUIETEST) return;
    this.#volume = volume;
    this.#amplitude = toneAmplitude(volume);
  }

  #advance(empty: boolean): void {
    if (--this.#repeatsLeft <= 0 || empty) {
      if (++this.#index >= this.#program.tones.length) {
        this.#index = 0;
        if (--this.#loopsLeft <= 0) {
          this.#over = true;
          return;
        }
      }
      this.#repeatsLeft = this.#program.tones[this.#index]!.repeat;
    }
    this.#begin();
  }

  #begin(): void {
    const tone = this.#program.tones[this.#index]!;
    this.#at = 0;
    this.#volume = tone.volume;
    this.#amplitude = Math.min(toneAmplitude(tone.volume), 32767);
    this.#untilFade = tone.fadeSamples;
    this.#steps = tone.frequencies.map((frequency) => (2 * Math.PI * frequency) / SAMPLE_RATE);
    this.#angles = tone.frequencies.map(() => 0);
  }
}
