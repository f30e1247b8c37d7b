/** A stream of mono samples at some rate, on its way to becoming an `AudioSource`. Samples have the scale of 16 bits, in floats. */
export interface SampleStream {
  readonly rate: number;
  /**
   * Writes up to `count` samples at `offset` and returns how many: 0 when there are none left, -1 when the disk or decoder is
   * behind and there will be some later.
   */
  pull(into: Float32Array, offset: number, count: number): number;
  close(): void;
}

/** A sample as 16-bit PCM takes it: rounded, and cut off where it is too loud instead of turning over. */
export function clip(sample: number): number {
  if (sample >= 32767) return 32767;
  if (sample <= -32768) return -32768;
  return Math.round(sample);
}
