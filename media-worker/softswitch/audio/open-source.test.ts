import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import alawmulaw from 'alawmulaw';
import fc from 'fast-check';
import type { AudioSource } from '../rtp/types.ts';
import { toneShare } from './goertzel.ts';
import { createMp3Decoder } from './mp3-decoder.ts';
import { isFault, openSource } from './open-source.ts';
import { makeMpeg, makeWav, type WavOptions } from './test-sounds.ts';

/** Nothing here waits longer, however busy the machine is. */
const limit = { timeout: 15_000 };

const folder = await mkdtemp(join(tmpdir(), 'pivot-sounds-'));
const mp3 = createMp3Decoder();
after(async () => {
  await mp3.close();
  await rm(folder, { recursive: true });
});

async function file(name: string, content: Uint8Array | string): Promise<string> {
  await writeFile(join(folder, name), content);
  return name;
}

async function opened(reference: string): Promise<AudioSource> {
  const source = await openSource(reference, { baseDir: folder, mp3 });
  assert.ok(!isFault(source), JSON.stringify(source));
  return source;
}

async function refused(reference: string): Promise<string> {
  const source = await openSource(reference, { baseDir: folder, mp3 });
  assert.ok(isFault(source), `${reference} was opened`);
  return source.code;
}

/** Everything, faster than it would be played: where the disk or decoder is behind, it is waited for. */
async function hear(source: AudioSource): Promise<Int16Array> {
  const samples: number[] = [];
  const frame = new Int16Array(160);
  for (;;) {
    const before = source.position;
    if (!source.read(frame)) break;
    const got = source.position - before;
    for (let i = 0; i < got; i++) samples.push(frame[i]!);
    if (got < 160) await new Promise((resolve) => setImmediate(resolve));
  }
  source.close();
  return Int16Array.from(samples);
}

function peak(samples: Int16Array): number {
  return samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
}

describe('wav', () => {
  const cases: readonly WavOptions[] = [
    { encoding: 'u8' },
    { encoding: 's16' },
    { encoding: 's24', rate: 48_000 },
    { encoding: 's32' },
    { encoding: 'f32', rate: 44_100, channels: 2 },
    { encoding: 'f64' },
    { encoding: 'alaw' },
    { encoding: 'mulaw' },
    { rate: 6000 },
    { rate: 11_025 },
    { rate: 16_000, channels: 2 },
    { rate: 22_050, extraChunk: true },
    { rate: 32_000, extensible: true },
    { rate: 44_100 },
    { rate: 12_347 },
    { rate: 192_000, channels: 6 },
  ];
  for (const options of cases) {
    const name = Object.entries(options)
      .map(([key, value]) => `${key} ${value}`)
      .join(', ');
    test(name, limit, async () => {
      const law = options.encoding === 'alaw' ? alawmulaw.alaw : alawmulaw.mulaw;
      await file('case.wav', makeWav(options, law.encodeSample));
      const samples = await hear(await opened('case.wav'));
      assert.ok(Math.abs(samples.length - 4000) <= 1, `${samples.length} samples`);
      const middle = samples.subarray(400, 3600);
      assert.ok(toneShare(middle, 440) > (options.encoding === 'u8' ? 0.99 : 0.998), String(toneShare(middle, 440)));
      assert.ok(Math.abs(peak(middle) - 16384) < 600, `peak ${peak(middle)}`);
    });
  }

  test('what lies above 4 kHz is gone and does not come back as another tone', limit, async () => {
    for (const frequency of [5000, 7000, 10_000, 15_000]) {
      await file('high.wav', makeWav({ rate: 44_100, frequency, amplitude: 0.9 }));
      const middle = (await hear(await opened('high.wav'))).subarray(400, 3600);
      // 60 dB below the 29,491 that went in.
      assert.ok(peak(middle) < 30, `${frequency} Hz left ${peak(middle)}`);
    }
  });

  test('what lies in the band keeps its level', limit, async () => {
    for (const [frequency, decibels] of [
      [100, 0.1],
      [1000, 0.1],
      [3000, 0.1],
      [3400, 1],
    ] as const) {
      await file('band.wav', makeWav({ rate: 48_000, frequency }));
      const middle = (await hear(await opened('band.wav'))).subarray(400, 3600);
      const change = 20 * Math.log10(peak(middle) / 16384);
      assert.ok(Math.abs(change) < decibels, `${frequency} Hz changes by ${change} dB`);
    }
  });

  test('too loud floats are cut, not turned over', limit, async () => {
    await file('loud.wav', makeWav({ encoding: 'f32', amplitude: 3 }));
    const samples = await hear(await opened('loud.wav'));
    assert.equal(peak(samples), 32768);
    assert.ok(toneShare(samples, 440) > 0.7);
  });

  test('a file of some megabytes is streamed, whole and in order', limit, async () => {
    await file('long.wav', makeWav({ rate: 48_000, channels: 2, seconds: 20 }));
    const samples = await hear(await opened('long.wav'));
    assert.equal(samples.length, 160_000);
    for (let at = 800; at + 8000 <= samples.length; at += 8000) {
      assert.ok(toneShare(samples.subarray(at, at + 8000), 440) > 0.998, `at ${at}`);
    }
  });

  test('a file that is still being written, or says a wrong size, is played as far as it goes', limit, async () => {
    for (const dataSize of [0, 0xffffffff, 1_000_000]) {
      await file('growing.wav', makeWav({ dataSize }));
      assert.equal((await hear(await opened('growing.wav'))).length, 4000);
    }
  });

  test('@@ leaves out samples, which count as played', limit, async () => {
    await file('skip.wav', makeWav({ rate: 16_000 }));
    const source = await opened('skip.wav@@3000');
    assert.equal(source.position, 3000);
    assert.equal((await hear(source)).length, 1000);
    assert.equal((await hear(await opened('skip.wav@@99999'))).length, 0);
  });

  test('files without samples, cut short, or in codecs we have not are told', limit, async () => {
    const good = makeWav({});
    assert.equal(await refused(await file('head.wav', good.subarray(0, 40))), 'PV-1737');
    assert.equal(await refused(await file('empty.wav', '')), 'PV-1737');
    assert.equal(await refused(await file('text.wav', 'hello, I am no sound')), 'PV-1737');
    const gsm = Buffer.from(good);
    gsm.writeUInt16LE(0x31, 20);
    assert.equal(await refused(await file('gsm.wav', gsm)), 'PV-1737');
    const fast = Buffer.from(good);
    fast.writeUInt32LE(0xffffffff, 24);
    assert.equal(await refused(await file('fast.wav', fast)), 'PV-1737');
  });

  test('damaged headers give sound or a fault, in bounded time', limit, async () => {
    const good = makeWav({ seconds: 0.05, extraChunk: true });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(70), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        fc.nat(good.length),
        async (changes, length) => {
          const damaged = Buffer.from(good.subarray(0, length));
          for (const [at, value] of changes) if (at < damaged.length) damaged[at] = value;
          await file('damaged.wav', damaged);
          const source = await openSource('damaged.wav', { baseDir: folder, mp3 });
          if (!isFault(source)) await hear(source);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('mp3', () => {
  test('is decoded in its own thread, in parts, at the right pitch', limit, async () => {
    await file('tone.mp3', makeMpeg(12, 440));
    const samples = await hear(await opened('tone.mp3'));
    assert.ok(Math.abs(samples.length - 96_000) < 800, `${samples.length} samples`);
    for (let at = 800; at + 8000 <= samples.length; at += 8000) {
      assert.ok(toneShare(samples.subarray(at, at + 8000), 440) > 0.95, `at ${at}`);
    }
  });

  test('is told by its content, whatever its name, and can be left at any time', limit, async () => {
    await file('named.wav', makeMpeg(2, 300));
    const source = await opened('named.wav');
    source.read(new Int16Array(160));
    source.close();
    source.close();
    assert.equal(source.read(new Int16Array(160)), false);
  });

  test('works without a shared decoder, too', limit, async () => {
    await file('own.mp3', makeMpeg(1, 440));
    const source = await openSource(join(folder, 'own.mp3'));
    assert.ok(!isFault(source));
    assert.ok(toneShare((await hear(source)).subarray(800, 7200), 440) > 0.95);
  });

  test('garbage is a fault or some noise, and the next file plays', limit, async () => {
    assert.equal(await refused(await file('zero.mp3', new Uint8Array(5000))), 'PV-1737');
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 20, maxLength: 6000, size: 'max' }), async (bytes) => {
        await file('garbage.mp3', Buffer.concat([Buffer.from([0xff, 0xfb, 0x90, 0xc4]), bytes]));
        const source = await openSource('garbage.mp3', { baseDir: folder, mp3 });
        if (!isFault(source)) await hear(source);
      }),
      { numRuns: 15 },
    );
    await file('after.mp3', makeMpeg(1, 440));
    assert.ok((await hear(await opened('after.mp3'))).length > 7000);
  });
});

describe('references', () => {
  test('silence_stream', limit, async () => {
    const silence = await hear(await opened('silence_stream://300'));
    assert.equal(silence.length, 2400);
    assert.equal(peak(silence), 0);
    const noise = await hear(await opened('silence_stream://300,1400'));
    assert.ok(peak(noise) > 0 && peak(noise) < 50);
    assert.equal(await refused('silence_stream://0'), 'PV-1738');
    assert.equal(await refused('silence_stream://x'), 'PV-1738');
  });

  test('tone_stream, also from a file', limit, async () => {
    assert.ok(toneShare(await hear(await opened('tone_stream://%(200,0,440)')), 440) > 0.99);
    await file('ring.ttml', 'v=-10;%(100,0,440)\n\n%(100,0,500)\n');
    assert.equal((await hear(await opened('tone_stream://path=ring.ttml'))).length, 1600);
    assert.equal(await refused('tone_stream://nothing'), 'PV-1738');
  });

  test('file_string plays one after the other and passes over what is not there', limit, async () => {
    await file('a.wav', makeWav({ seconds: 0.2, frequency: 500 }));
    const samples = await hear(
      await opened('file_string://a.wav!missing.wav!silence_stream://100!tone_stream://%(100,0,900)'),
    );
    assert.equal(samples.length, 1600 + 800 + 800);
    assert.ok(toneShare(samples.subarray(0, 1600), 500) > 0.99);
    assert.ok(toneShare(samples.subarray(2400), 900) > 0.99);
    assert.equal(await refused('file_string://missing.wav'), 'PV-1736');
    assert.equal(await refused('file_string://'), 'PV-1738');
  });

  test('dtmf', limit, async () => {
    const samples = await hear(await opened('dtmf://12'));
    assert.ok(toneShare(samples.subarray(0, 800), 697) > 0.45);
    assert.equal(await refused('dtmf://'), 'PV-1738');
  });

  test('files that are not there, folders, and schemes nobody knows', limit, async () => {
    assert.equal(await refused('missing.wav'), 'PV-1736');
    assert.equal(await refused(folder), 'PV-1736');
    assert.equal(await refused(''), 'PV-1736');
    assert.equal(await refused('a\0b'), 'PV-1736');
    assert.equal(await refused('nosuch://thing'), 'PV-1738');
  });

  test('garbage never rejects', limit, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('', 'tone_stream://', 'silence_stream://', 'file_string://', 'dtmf://', 'file://'),
        fc.string({ unit: 'binary' }),
        async (scheme, rest) => {
          const source = await openSource(scheme + rest, { baseDir: folder, mp3 });
          if (!isFault(source)) source.close();
        },
      ),
    );
  });
});

test('nothing is left open', limit, async () => {
  const open = await readdir('/proc/self/fd').catch(() => undefined);
  if (open === undefined) return;
  const { readlink } = await import('node:fs/promises');
  const links = await Promise.all(open.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  assert.deepEqual(
    links.filter((link) => link.startsWith(folder)),
    [],
  );
});
