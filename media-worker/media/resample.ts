/**
 * Zero crossings of the filter on either side. With the window below this leaves less than -70 dB above the cut-off's transition,
 * which is about 0.6 kHz wide at 8 kHz.
 */
const CROSSINGS = 26;
const KAISER_BETA = 7;
/** Middle of the transition, as a share of the lower rate's Nyquist frequency: 3.7 kHz at 8 kHz. */
const CUTOFF = 0.925;
/** Sub-sample positions for which the filter is worked out; rates that need more take the nearest (-77 dB at 44.1 kHz). */
const MAX_PHASES = 1000;

/**
 * Changes the sample rate by a windowed sinc, piece by piece: band-limited both ways, linear phase, and no delay: output sample 0
 * is at input sample 0.
 */
export class Resampler {
  readonly #from: number;
  readonly #to: number;
  readonly #phases: number;
  readonly #half: number;
  readonly #rows: (Float32Array | undefined)[];
  readonly #scale: number;
  /** Input that is still needed; its first sample is number `#base` of the whole. */
  #input = new Float32Array(0);
  #base: number;
  #out = 0;
  #received = 0;

  /** Rates in Hz, whole numbers. */
  constructor(from: number, to: number) {
    const divisor = greatestCommonDivisor(from, to);
    this.#from = from / divisor;
    this.#to = to / divisor;
    this.#phases = Math.min(this.#to, MAX_PHASES);
    this.#scale = Math.min(1, to / from) * CUTOFF;
    this.#half = Math.ceil(CROSSINGS / this.#scale);
    this.#rows = new Array(this.#phases + 1).fill(undefined);
    this.#base = -this.#half;
    this.#input = new Float32Array(this.#half);
  }

  /** The output that `piece` completes. */
  push(piece: Float32Array): Float32Array {
    if (this.#from === this.#to) return piece;
    this.#received += piece.length;
    return this.#feed(piece, this.#received - this.#half);
  }

  /** The rest of the output; nothing can be pushed afterwards. */
  flush(): Float32Array {
    if (this.#from === this.#to) return new Float32Array(0);
    return this.#feed(new Float32Array(this.#half + 1), this.#received);
  }

  /** Appends input and makes every output sample whose position is before input sample `until`. */
  #feed(piece: Float32Array, until: number): Float32Array {
    const joined = new Float32Array(this.#input.length + piece.length);
    joined.set(this.#input);
    joined.set(piece, this.#input.length);
    const end = Math.max(this.#out, Math.ceil((until * this.#to) / this.#from));
    const output = new Float32Array(end - this.#out);
    for (let i = 0; i < output.length; i++, this.#out++) {
      const position = this.#out * this.#from;
      const whole = Math.floor(position / this.#to);
      const row = this.#row(Math.round(((position - whole * this.#to) / this.#to) * this.#phases));
      const start = whole - this.#half + 1 - this.#base;
      let sum = 0;
      for (let k = 0; k < row.length; k++) sum += joined[start + k]! * row[k]!;
      output[i] = sum;
    }
    const needed = Math.floor((this.#out * this.#from) / this.#to) - this.#half + 1;
    const drop = Math.max(0, Math.min(joined.length, needed - this.#base));
    this.#input = joined.slice(drop);
    this.#base += drop;
    return output;
  }

  /** The filter for an output sample at `phase / #phases` after an input sample. */
  #row(phase: number): Float32Array {
    const known = this.#rows[phase];
    if (known !== undefined) return known;
    const row = new Float32Array(2 * this.#half);
    const shift = phase / this.#phases;
    let sum = 0;
    for (let k = 0; k < row.length; k++) {
      const x = (k - this.#half + 1 - shift) * this.#scale;
      const window = kaiser(x / CROSSINGS);
      row[k] = window * (Math.abs(x) < 1e-9 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
      sum += row[k]!;
    }
    for (let k = 0; k < row.length; k++) row[k]! /= sum;
    this.#rows[phase] = row;
    return row;
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Kaiser's window at `x`, which is -1 to 1 from edge to edge. */
function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : bessel(KAISER_BETA * Math.sqrt(1 - x * x)) / bessel(KAISER_BETA);
}

/** The modified Bessel function of the first kind, order 0. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-9; k++) {
    term *= (x / 2 / k) ** 2;
    sum += term;
  }
  return sum;
}
