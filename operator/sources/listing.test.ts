import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import { listFiles } from './listing.ts';

async function newFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pivot-listing-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

async function listed(folder: string, ...paths: readonly string[]): Promise<string[]> {
  const { files, faults } = await listFiles(paths.length === 0 ? [folder] : paths.map((path) => join(folder, path)));
  assert.deepEqual(faults, []);
  return [...files.keys()].map((path) => relative(folder, path));
}

test('a mounted ConfigMap counts once', async (t) => {
  const folder = await newFolder(t);
  await mkdir(join(folder, '..2026_11_21'));
  await writeFile(join(folder, '..2026_11_21', 'a.yaml'), '');
  await symlink('..2026_11_21', join(folder, '..data'));
  await symlink('..data/a.yaml', join(folder, 'a.yaml'));
  assert.deepEqual(await listed(folder), ['a.yaml']);
});

test('links that lead round in circles are followed once', async (t) => {
  const folder = await newFolder(t);
  await mkdir(join(folder, 'sub'));
  await writeFile(join(folder, 'sub', 'a.yaml'), '');
  for (const name of ['x', 'y', 'z']) await symlink('.', join(folder, name));
  await symlink('..', join(folder, 'sub', 'up'));
  assert.deepEqual(await listed(folder), ['sub/a.yaml']);
});

test('a folder that is given twice counts once, and a file within it too', async (t) => {
  const folder = await newFolder(t);
  await mkdir(join(folder, 'sub'));
  await writeFile(join(folder, 'sub', 'a.yaml'), '');
  assert.deepEqual(await listed(folder, 'sub', 'sub', 'sub/a.yaml'), ['sub/a.yaml']);
});
