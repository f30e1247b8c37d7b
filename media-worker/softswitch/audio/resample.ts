import { type AudioSource, type Frame, SAMPLE_RATE } from '../rtp/types.ts';
import { clip, type SampleStream } from './samples.ts';

/** Zero crossings of the sinc on either side; with the window below, aliases are more than 70 dB down. */
const CROSSINGS = 16;
/** Where the pass band ends, as a part of the smaller of the two Nyquist frequencies: the window's transition starts there. */
const CUTOFF = 0.92;
/** Filter phases kept at most. 44,100 Hz needs 80, 48,000 one; rates without a small common ratio are rounded to the nearest. */
const MAX_PHASES = 640;
/** Kaiser window's shape, for 80 dB in the stop band. */
const KAISER_BETA = 8;
/** Input samples fetched at once. */
const CHUNK = 512;

/** The filter of one pair of rates: `phases` rows of `taps` coefficients. */
export interface ResampleFilter {
  readonly phases: number;
  readonly taps: number;
  readonly coefficients: Float32Array;
}

/** Designs the low-pass for going from `rate` to 8000 Hz. Some milliseconds of work for 44,100 Hz. */
export function designFilter(rate: number): ResampleFilter {
  const phases = Math.min(SAMPLE_RATE / greatestCommonDivisor(SAMPLE_RATE, Math.round(rate)), MAX_PHASES);
  // Going down, the cut-off is that of 8000 Hz and the filter gets longer in the same measure.
  const band = Math.min(1, SAMPLE_RATE / rate) * CUTOFF;
  const half = Math.ceil(CROSSINGS / band);
  const taps = 2 * half;
  const coefficients = new Float32Array(phases * taps);
  for (let phase = 0; phase < phases; phase++) {
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      const x = tap - half + 1 - phase / phases;
      const value = sinc(x * band) * kaiser(x / half);
      coefficients[phase * taps + tap] = value;
      sum += value;
    }
    for (let tap = 0; tap < taps; tap++) coefficients[phase * taps + tap]! /= sum;
  }
  return { phases, taps, coefficients };
}

/** Turns samples of any rate into frames of 8000 Hz. Bounded work per frame, and no allocation. */
export class ResamplingSource implements AudioSource {
  position = 0;
  readonly #stream: SampleStream;
  readonly #filter: ResampleFilter | undefined;
  readonly #half: number;
  /** Input samples; the one at `#base` is the first that the next output needs. */
  readonly #window: Float32Array;
  #filled: number;
  #base = 0;
  /** Where between two input samples the next output lies, 0..1. */
  #fraction = 0;
  /** Input samples still to come before the sound is over, once the end is known. */
  #end: number | undefined;
  #closed = false;

  constructor(stream: SampleStream) {
    this.#stream = stream;
    this.#filter = stream.rate === SAMPLE_RATE ? undefined : designFilter(stream.rate);
    const taps = this.#filter?.taps ?? 2;
    this.#half = taps / 2;
    this.#window = new Float32Array(taps + CHUNK + Math.ceil(stream.rate / SAMPLE_RATE));
    // The first output lies on the first input: what the filter sees before that is silence.
    this.#filled = this.#filter === undefined ? 0 : this.#half - 1;
  }

  read(frame: Frame): boolean {
    const wanted = frame.length;
    const done = this.#filter === undefined ? this.#copy(frame, wanted) : this.#resample(frame, this.#filter, wanted);
    this.position += done;
    if (done < wanted) frame.fill(0, done);
    return done > 0 || this.#end === undefined;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#end = 0;
    this.#stream.close();
  }

  #copy(frame: Frame, wanted: number): number {
    let done = 0;
    while (done < wanted && this.#end === undefined) {
      const got = this.#stream.pull(this.#window, 0, Math.min(wanted - done, this.#window.length));
      if (got < 0) break;
      if (got === 0) this.#end = 0;
      for (let i = 0; i < got; i++) frame[done++] = clip(this.#window[i]!);
    }
    return done;
  }

  #resample(frame: Frame, filter: ResampleFilter, wanted: number): number {
    const { taps, phases, coefficients } = filter;
    const step = this.#stream.rate / SAMPLE_RATE;
    const window = this.#window;
    let done = 0;
    while (done < wanted) {
      if (!this.#fill(taps)) break;
      // The sample under the filter's middle is `#base + #half - 1`; past the last one there is nothing to say.
      if (this.#end !== undefined && this.#base + this.#half - 1 >= this.#end) break;
      let phase = Math.round(this.#fraction * phases);
      let at = this.#base;
      if (phase === phases) {
        phase = 0;
        at++;
      }
      const row = phase * taps;
      let sum = 0;
      for (let tap = 0; tap < taps; tap++) sum += window[at + tap]! * coefficients[row + tap]!;
      frame[done++] = clip(sum);
      const next = this.#fraction + step;
      const whole = Math.floor(next + 1e-9);
      this.#base += whole;
      this.#fraction = Math.max(0, next - whole);
    }
    return done;
  }

  /** Makes sure that `taps + 1` samples stand at `#base`; false when they are not there yet. */
  #fill(taps: number): boolean {
    const window = this.#window;
    while (this.#filled - this.#base < taps + 1) {
      if (this.#base > 0) {
        window.copyWithin(0, this.#base, this.#filled);
        this.#filled = Math.max(0, this.#filled - this.#base);
        if (this.#end !== undefined) this.#end -= this.#base;
        this.#base = 0;
      }
      if (this.#end !== undefined) {
        window.fill(0, this.#filled);
        this.#filled = window.length;
        return true;
      }
      const got = this.#stream.pull(window, this.#filled, window.length - this.#filled);
      if (got < 0) return false;
      if (got === 0) this.#end = this.#filled;
      else this.#filled += got;
    }
    return true;
  }
}

function sinc(x: number): number {
  if (x === 0) return 1;
  const radians = Math.PI * x;
  return Math.sin(radians) / radians;
}

function kaiser(x: number): number {
  if (Math.abs(x) > 1) return 0;
  return bessel(KAISER_BETA * Math.sqrt(1 - x * x)) / bessel(KAISER_BETA);
}

/** Modified Bessel function of the first kind, order 0, by its series. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; k < 32; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
