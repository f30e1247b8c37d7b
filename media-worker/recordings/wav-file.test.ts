import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { writeWav } from '../media/wav.ts';
import { durationMs, hasSound, repairWav, trimWav } from './wav-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'pivot-wav-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const RATE = 8000;
/** Milliseconds of silence and of a tone, one after the other. */
function sound(...parts: readonly (readonly [ms: number, level: number])[]): Int16Array {
  return Int16Array.from(
    parts.flatMap(([ms, level]) =>
      Array.from({ length: ms * 8 }, (_, i) => Math.round(level * Math.sin((2 * Math.PI * 440 * i) / RATE))),
    ),
  );
}
let files = 0;
function file(bytes: Uint8Array): string {
  files += 1;
  const path = join(folder, `${files}.wav`);
  writeFileSync(path, bytes);
  return path;
}

suite('wav files of recordings', () => {
  test('a file that its recorder left behind gets a true header, whatever the old one says', async () => {
    for (const size of [0, 4000, 0xffffffff]) {
      const bytes = Buffer.from(writeWav(sound([1000, 3000]), RATE));
      bytes.writeUInt32LE(size, 40);
      bytes.writeUInt32LE(0, 4);
      // Half a sample that was being written.
      const path = file(Buffer.concat([bytes, Buffer.of(7)]));
      const shape = await repairWav(path);
      assert.equal(durationMs(shape!), 1000);
      const mended = readFileSync(path);
      assert.equal(mended.readUInt32LE(40), 16_000);
      assert.equal(mended.readUInt32LE(4), mended.length - 8);
      assert.equal(mended.length, 44 + 16_000);
    }
  });

  test('what is no wav file is none', async () => {
    for (const bytes of [new Uint8Array(), Buffer.from('RIFF'), Buffer.from('x'.repeat(500))]) {
      assert.equal(await repairWav(file(bytes)), undefined);
    }
  });

  test('silence is cut off both ends, but for a tenth of a second', async () => {
    const path = file(writeWav(sound([800, 0], [1000, 3000], [5000, 20]), RATE));
    const trimmed = await trimWav(path, (await repairWav(path))!);
    assert.equal(durationMs(trimmed), 1200);
    assert.deepEqual(await repairWav(path), trimmed, 'the file says the same');
    const samples = new Int16Array(readFileSync(path).subarray(44).buffer.slice(0));
    assert.ok(samples.length > 0);
  });

  test('a pause in the middle stays; a file without silence stays as it is; a silent one too', async () => {
    const pause = file(writeWav(sound([500, 3000], [4000, 0], [500, 3000]), RATE));
    assert.equal(durationMs(await trimWav(pause, (await repairWav(pause))!)), 5000);
    const silent = file(writeWav(sound([3000, 10]), RATE));
    const shape = (await repairWav(silent))!;
    assert.equal(durationMs(await trimWav(silent, shape)), 3000);
    assert.equal(await hasSound(silent, shape), false);
    assert.equal(await hasSound(pause, (await repairWav(pause))!), true);
  });
});
