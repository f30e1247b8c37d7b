import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { createLogger } from '../../runtime/log.ts';
import { openFileStore } from './file.ts';
import type { SharedStore } from './store.ts';

const folder = mkdtempSync(join(tmpdir(), 'pivot-store-'));
after(() => rmSync(folder, { recursive: true }));

describe('a store with a file', () => {
  const path = join(folder, 'data', 'kept.json');
  let said: string[] = [];
  let time = 1_800_000_000_000;

  beforeEach(() => {
    said = [];
    rmSync(join(folder, 'data'), { recursive: true, force: true });
  });

  function open(): Promise<SharedStore> {
    const log = createLogger({ level: 'warn', destination: { write: (line: string) => said.push(line) } });
    return openFileStore({ path, keep: (key) => key.startsWith('kept:'), log, now: () => time });
  }

  it('has what it kept when it is opened again, for as long as it was to stay', async () => {
    const first = await open();
    await first.set('kept:a', '1');
    await first.set('kept:b', '2', 1000);
    await first.compareAndSet('kept:c', undefined, '3', 5000);
    await first.compareAndSet('kept:c', 'wrong', '4');
    await first.set('kept:d', '5');
    await first.delete('kept:d');
    await first.set('kept:e', '6', 1000);
    await first.expire('kept:e', 9000);
    await first.set('other', '7');
    await first.close();
    time += 4000;
    const second = await open();
    const keys = ['kept:a', 'kept:b', 'kept:c', 'kept:d', 'kept:e', 'other'];
    assert.deepEqual(await Promise.all(keys.map((key) => second.get(key))), [
      '1',
      undefined,
      '3',
      undefined,
      '6',
      undefined,
    ]);
    time += 1000;
    assert.equal(await second.get('kept:c'), undefined);
    await second.close();
    assert.deepEqual(said, []);
  });

  it('keeps nothing else, and for nobody else to read', async () => {
    const store = await open();
    await store.set('kept:a', '1');
    await store.set('other', 'elsewhere');
    await store.close();
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.doesNotMatch(readFileSync(path, 'utf8'), /elsewhere/);
  });

  it('begins anew where the file cannot be read, and says so', async () => {
    const first = await open();
    await first.set('kept:a', '1');
    await first.close();
    for (const text of ['{', '{"entries":[1,["kept:a"],["kept:b",2]]}', '[]']) {
      writeFileSync(path, text);
      const store = await open();
      assert.equal(await store.get('kept:a'), undefined, text);
      await store.close();
    }
    assert.equal(said.length, 1);
  });
});
