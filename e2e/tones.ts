/** Tones that phones say, and a look at recordings: which tone is on which channel, and for how long. */
import type { CallOptions } from '../media-worker/softswitch/phone.ts';

export type AudioSource = NonNullable<CallOptions['source']>;

const RATE = 8000;
const LEVEL = 6000;

/** A sine of so many Hz for so many milliseconds, then nothing. */
export function tone(hz: number, ms: number): AudioSource {
  const samples = (ms * RATE) / 1000;
  let position = 0;
  return {
    get position() {
      return position;
    },
    read(frame) {
      if (position >= samples) return false;
      for (let i = 0; i < frame.length; i += 1) {
        frame[i] = position < samples ? Math.round(LEVEL * Math.sin((2 * Math.PI * hz * position) / RATE)) : 0;
        position += 1;
      }
      return true;
    },
    close() {},
  };
}

/** A wav file of 16-bit PCM. */
export interface Recorded {
  readonly channels: readonly Int16Array[];
  /** Milliseconds by the samples; the header says the same. */
  readonly ms: number;
}

export function readRecorded(bytes: Uint8Array): Recorded {
  const view = Buffer.from(bytes);
  if (view.toString('latin1', 0, 4) !== 'RIFF' || view.toString('latin1', 36, 40) !== 'data') throw new Error('no wav');
  const [count, rate, size] = [view.readUInt16LE(22), view.readUInt32LE(24), view.readUInt32LE(40)];
  if (rate !== RATE || size !== view.length - 44 || view.readUInt32LE(4) !== view.length - 8) {
    throw new Error(`a header that is not true: ${rate} Hz, ${size} of ${view.length - 44} bytes`);
  }
  const frames = size / 2 / count;
  const channels = Array.from({ length: count }, (_, channel) =>
    Int16Array.from({ length: frames }, (__, i) => view.readInt16LE(44 + (i * count + channel) * 2)),
  );
  return { channels, ms: (frames * 1000) / RATE };
}

const WINDOW = RATE / 20;

/** Milliseconds of a channel during which a tone is most of what is heard, in steps of 50. */
export function toneMs(samples: Int16Array, hz: number): number {
  let windows = 0;
  for (let at = 0; at + WINDOW <= samples.length; at += WINDOW) {
    if (share(samples.subarray(at, at + WINDOW), hz) > 0.6) windows += 1;
  }
  return (windows * WINDOW * 1000) / RATE;
}

/** How much of a window's power a tone has (Goertzel). */
function share(window: Int16Array, hz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / RATE);
  let [before, last, power] = [0, 0, 0];
  for (const sample of window) {
    [before, last] = [last, sample + coefficient * last - before];
    power += sample * sample;
  }
  if (power / window.length < 100 ** 2) return 0;
  const tonePower = before * before + last * last - coefficient * before * last;
  return (2 * tonePower) / (window.length * power);
}
