import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Fault } from '../../../crds/errors/fault.ts';
import { archiveTable } from '../../../crds/table-archive.ts';
import { snapshotFileName } from '../../../crds/table-pieces.ts';
import { readSnapshotFolder } from './snapshot-folder.ts';
import { readTableFile, TableKeeper, writeTableFile } from './table-file.ts';
import { numbersTable } from './testing/tables.ts';

const folder = mkdtempSync(join(tmpdir(), 'pivot-table-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const cache = new WeakMap();
const table = numbersTable(500);

describe('the copy of the table on disk', () => {
  const path = join(folder, 'table.gz');

  it('is read as it was written, and nobody else may read it', async () => {
    await writeTableFile(path, table, cache);
    const read = await readTableFile(path, new WeakMap());
    assert.deepEqual(read, { ok: true, table });
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(await readTableFile(join(folder, 'none'), cache), undefined);
  });

  it('that is cut off anywhere, or damaged, is a coded warning and never a table', async () => {
    await writeTableFile(path, table, cache);
    const whole = readFileSync(path);
    const damaged: Buffer[] = [];
    for (let length = 0; length < whole.length; length += 97) damaged.push(whole.subarray(0, length));
    damaged.push(whole.subarray(0, whole.length - 1), Buffer.from('not gzip'), gzipSync('{"version":"../x"}\n'));
    // Another table's content under this version; a bomb.
    const [head] = await parts(table);
    damaged.push(
      Buffer.concat([head!, ...(await parts(numbersTable(499))).slice(1)]),
      gzipSync(Buffer.alloc(500 * 1024 * 1024), { level: 1 }),
    );
    for (let at = 11; at < whole.length; at += 501) {
      const flipped = Buffer.from(whole);
      flipped[at]! ^= 0x10;
      damaged.push(flipped);
    }
    for (const bytes of damaged) {
      writeFileSync(path, bytes);
      const read = await readTableFile(path, new WeakMap());
      assert.ok(read !== undefined);
      if (read.ok) assert.deepEqual(read.table, table, 'a bit that means nothing, such as the time in the head');
      else assert.equal(read.fault.code, 'PV-2108');
    }
  });

  it('is whole at any moment, even if the process is killed', async () => {
    const killed = join(folder, 'killed.gz');
    const script = fileURLToPath(new URL('testing/write-tables.ts', import.meta.url));
    for (const writes of [1, 3, 4]) {
      const child = spawn(process.execPath, [script, killed], { stdio: ['ignore', 'pipe', 'inherit'] });
      let seen = 0;
      for await (const data of child.stdout) {
        seen += (data as Buffer).length;
        if (seen >= writes) child.kill('SIGKILL');
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      const read = await readTableFile(killed, new WeakMap());
      assert.ok(read?.ok, 'the table before, or the one after');
    }
    await writeTableFile(killed, table, cache);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('killed')),
      ['killed.gz'],
      'what was left behind is gone',
    );
  });

  it('is the last of those that came while it was written', async () => {
    const keeper = new TableKeeper(path, cache, undefined, (one) => assert.fail(one.message));
    for (let count = 1; count <= 20; count++) keeper.keep(numbersTable(count));
    await keeper.done();
    const read = await readTableFile(path, cache);
    assert.ok(read?.ok && read.table.routes.length === 20);
  });

  it('that cannot be written is a coded warning', async () => {
    const faults: Fault[] = [];
    const keeper = new TableKeeper(join(folder, 'no', 'such', 'folder.gz'), cache, undefined, (one) =>
      faults.push(one),
    );
    keeper.keep(table);
    await keeper.done();
    assert.deepEqual(
      faults.map((one) => one.code),
      ['PV-2109'],
    );
  });
});

describe('the mounted snapshot', () => {
  const mount = mkdtempSync(join(folder, 'mount-'));
  const write = async (count: number, shards: number, only?: number) => {
    const one = numbersTable(count);
    const whole = Buffer.concat(await parts(one));
    const size = Math.ceil(whole.length / shards);
    for (let index = 0; index < shards; index++) {
      if (only !== undefined && only !== index) continue;
      writeFileSync(
        join(mount, snapshotFileName(one.version, index, shards)),
        whole.subarray(index * size, (index + 1) * size),
      );
    }
    return one;
  };
  const read = () => readSnapshotFolder(mount, new WeakMap());

  it('is not there', async () => {
    assert.equal(await read(), undefined);
    assert.equal(await readSnapshotFolder(join(folder, 'nowhere'), cache), undefined);
  });

  it('is put together of its shards; other files beside them do not matter', async () => {
    writeFileSync(join(mount, 'README'), 'x');
    const one = await write(300, 3);
    assert.deepEqual(await read(), { ok: true, table: one });
  });

  it('of which only a part of the newer version has arrived is the older one', async () => {
    await write(400, 4, 2);
    const found = await read();
    assert.ok(found?.ok && found.table.routes.length === 300);
  });

  it('that is incomplete or damaged is a coded warning', async () => {
    for (const name of readdirSync(mount)) rmSync(join(mount, name));
    await write(100, 2, 1);
    const part = await read();
    assert.ok(part !== undefined && !part.ok && part.fault.code === 'PV-2108');
    const one = await write(100, 2);
    writeFileSync(join(mount, snapshotFileName(one.version, 0, 2)), 'damaged');
    const damaged = await read();
    assert.ok(damaged !== undefined && !damaged.ok && damaged.fault.code === 'PV-2108');
  });
});

async function parts(one: ReturnType<typeof numbersTable>): Promise<Buffer[]> {
  const all: Buffer[] = [];
  for await (const part of archiveTable(one, cache, 6)) all.push(part);
  return all;
}
