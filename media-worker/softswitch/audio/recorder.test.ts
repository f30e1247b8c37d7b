import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Frame } from '../rtp/types.ts';
import { toneShare } from './goertzel.ts';
import { energy, rms, SilenceDetector } from './level.ts';
import { openRecorder, type Recorder, type RecorderOptions } from './recorder.ts';
import { parseTones, ToneSource } from './tone.ts';

/** Nothing here waits longer, however busy the machine is. */
const limit = { timeout: 15_000 };

const folder = await mkdtemp(join(tmpdir(), 'pivot-recordings-'));
after(() => rm(folder, { recursive: true }));

async function recorder(name: string, options: RecorderOptions): Promise<Recorder> {
  const opened = await openRecorder(join(folder, name), options);
  assert.ok(!('code' in opened));
  return opened;
}

function* frames(description: string): Generator<Frame> {
  const source = new ToneSource(parseTones(description)!);
  const frame = new Int16Array(160);
  while (source.read(frame)) yield frame;
}

/** The samples of one channel, and what the header says of their number. */
async function read(
  name: string,
  channels: number,
  channel: number,
): Promise<{ samples: Int16Array; promised: number }> {
  const file = await readFile(join(folder, name));
  assert.equal(file.toString('latin1', 0, 4), 'RIFF');
  assert.equal(file.readUInt32LE(4), file.readUInt32LE(40) + 36);
  assert.equal(file.readUInt16LE(22), channels);
  const all = new Int16Array(
    file.buffer.slice(file.byteOffset + 44, file.byteOffset + file.length - (file.length % 2)),
  );
  return { samples: all.filter((_, i) => i % channels === channel), promised: file.readUInt32LE(40) / 2 / channels };
}

test('one channel, in a folder that is made', limit, async () => {
  const wav = await recorder('new/mono.wav', { channels: 1 });
  for (const frame of frames('%(2500,0,440)')) wav.write(frame);
  await wav.close();
  await wav.close();
  const { samples, promised } = await read('new/mono.wav', 1, 0);
  assert.equal(samples.length, 20_000);
  assert.equal(promised, 20_000);
  assert.ok(toneShare(samples, 440) > 0.999);
  assert.equal(wav.fault, undefined);
});

test('both directions in two channels, or mixed without turning over', limit, async () => {
  const stereo = await recorder('stereo.wav', { channels: 2 });
  const mixed = await recorder('mixed.wav', { channels: 1 });
  const other = frames('v=0;%(500,0,1000)');
  for (const frame of frames('v=0;%(500,0,440)')) {
    const second = other.next().value!;
    stereo.write(frame, second);
    mixed.write(frame, second);
  }
  await Promise.all([stereo.close(), mixed.close()]);
  assert.ok(toneShare((await read('stereo.wav', 2, 0)).samples, 440) > 0.999);
  assert.ok(toneShare((await read('stereo.wav', 2, 1)).samples, 1000) > 0.999);
  const { samples } = await read('mixed.wav', 1, 0);
  assert.ok(toneShare(samples, 440) > 0.4 && toneShare(samples, 1000) > 0.4);
});

test('the file is a valid wav file while it grows', limit, async () => {
  const wav = await recorder('growing.wav', { channels: 1 });
  assert.equal((await read('growing.wav', 1, 0)).promised, 0);
  for (const frame of frames('%(3100,0,440)')) wav.write(frame);
  // Full seconds are written without being asked for.
  let promised = 0;
  while (promised < 24_000) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = await read('growing.wav', 1, 0);
    assert.ok(now.samples.length >= now.promised);
    promised = now.promised;
  }
  await wav.close();
  assert.equal((await read('growing.wav', 1, 0)).promised, 24_800);
});

test('the longest time is kept to the sample, and told once', limit, async () => {
  let told = 0;
  const wav = await recorder('limited.wav', { channels: 1, maxSeconds: 0.25, onLimit: () => told++ });
  for (const frame of frames('%(1000,0,440)')) wav.write(frame);
  await wav.close();
  assert.equal((await read('limited.wav', 1, 0)).samples.length, 2000);
  assert.equal((await stat(join(folder, 'limited.wav'))).size, wav.bytes);
  assert.equal(told, 1);
});

test('a place that cannot be written to is a fault', limit, async () => {
  await writeFile(join(folder, 'file'), '');
  // Under /proc Node's own mkdir with `recursive` would never come back.
  for (const path of [join(folder, 'file/here.wav'), folder, '/proc/no/such/folder/here.wav']) {
    const opened = await openRecorder(path, { channels: 1 });
    assert.ok('code' in opened && opened.code === 'PV-1739');
  }
});

test('silence is told once, after so many seconds in a row below the threshold', limit, () => {
  let told = 0;
  const detector = new SilenceDetector(200, 1, () => told++);
  const quiet = new Int16Array(160).fill(50);
  const loud = new Int16Array(160).fill(-300);
  for (let i = 0; i < 49; i++) detector.write(quiet);
  detector.write(loud);
  for (let i = 0; i < 49; i++) detector.write(quiet);
  assert.equal(told, 0);
  for (let i = 0; i < 100; i++) detector.write(quiet);
  assert.equal(told, 1);
  assert.deepEqual([rms(loud), energy(loud)], [300, 300]);
});
