import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { readArchive } from '../../crds/table-archive.ts';
import { readSnapshotFileName } from '../../crds/table-pieces.ts';
import { snapshotShards } from './snapshot-secret.ts';
import { callflowOf, numbersTable, tableOf } from './testing/tables.ts';

describe('the shards of a snapshot', () => {
  const table = numbersTable(3000);

  it('put together are the table, and none is too large', async () => {
    const made = await snapshotShards(table, new WeakMap(), { bytes: 10_000, shards: 50 });
    assert.ok(made.ok && made.shards.length > 2);
    const files = made.shards.flatMap(({ data }) => Object.entries(data));
    for (const [index, [name, part]] of files.entries()) {
      assert.ok(part.length <= 10_000);
      assert.deepEqual(readSnapshotFileName(name), { version: table.version, index, count: files.length });
      assert.match(name, /^[-._a-zA-Z0-9]+$/, 'fit to be a key of a Secret');
    }
    const read = await readArchive(Buffer.concat(files.map(([, part]) => part)), new WeakMap(), 'shards');
    assert.ok(read.ok && read.table.version === table.version);
  });

  it('of equal tables are equal', async () => {
    const twice = await Promise.all([1, 2].map(() => snapshotShards(numbersTable(50), new WeakMap())));
    assert.deepEqual(twice[0], twice[1]);
  });

  it('that are too many are refused', async () => {
    const large = tableOf([callflowOf('a/b', 1, `https://x.example/${randomBytes(4000).toString('hex')}`)], []);
    const made = await snapshotShards(large, new WeakMap(), { bytes: 1000, shards: 2 });
    assert.ok(!made.ok && made.fault.code === 'PV-2112');
  });

  it('of ten thousand numbers is one', async () => {
    const made = await snapshotShards(numbersTable(10_000), new WeakMap());
    assert.ok(made.ok && made.shards.length === 1);
  });
});
