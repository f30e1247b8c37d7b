import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Resampler } from './resample.ts';
import { amplitudeAt, rms } from './testing.ts';

function resample(samples: Float32Array, from: number, to: number, piece = samples.length): Float32Array {
  const resampler = new Resampler(from, to);
  const out: number[] = [];
  for (let at = 0; at < samples.length; at += piece) out.push(...resampler.push(samples.subarray(at, at + piece)));
  out.push(...resampler.flush());
  return Float32Array.from(out);
}

const tone = (hertz: number, rate: number, seconds: number): Float32Array =>
  Float32Array.from({ length: Math.round(rate * seconds) }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hertz * i) / rate));

test('tones of the telephone band pass at their level and place, from every usual rate', () => {
  for (const rate of [6000, 8000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000, 44_099]) {
    for (const hertz of [300, 1000, Math.min(3300, rate * 0.42)]) {
      const out = resample(tone(hertz, rate, 0.5), rate, 8000);
      assert.ok(Math.abs(out.length - 4000) <= 1, `${rate}: ${out.length}`);
      const middle = out.subarray(400, 3600);
      const amplitude = amplitudeAt(middle, 8000, hertz);
      assert.ok(Math.abs(amplitude - 0.5) < 0.005, `${hertz} Hz from ${rate}: ${amplitude}`);
      // Compared with the tone itself: no delay, no distortion.
      const ideal = tone(hertz, 8000, 0.5).subarray(400, 3600);
      const error = rms(middle.map((value, i) => value - ideal[i]!));
      assert.ok(error < 0.003, `${hertz} Hz from ${rate} is off by ${error}`);
    }
  }
});

test('what the telephone cannot carry is removed and does not come back as another tone', () => {
  for (const rate of [16_000, 22_050, 44_100, 48_000]) {
    for (const hertz of [4400, 5000, 6000, 7900]) {
      const level = rms(resample(tone(hertz, rate, 0.5), rate, 8000).subarray(400, 3600));
      assert.ok(level < 0.5 * 10 ** (-60 / 20), `${hertz} Hz from ${rate}: ${level}`);
    }
  }
});

test('the size of the pieces makes no difference', () => {
  const samples = tone(700, 44_100, 0.05);
  const whole = resample(samples, 44_100, 8000);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3000 }), (piece) => {
      assert.deepEqual(resample(samples, 44_100, 8000, piece), whole);
    }),
    { numRuns: 20 },
  );
});
