import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Fault } from '../../crds/errors/fault.ts';
import type { Located } from '../../crds/resources.ts';
import { type WatchedFolder, type WatchFolderOptions, watchFolder } from './folder.ts';
import { identityOf } from './manifest.ts';

const callflow = (name: string, number = '2030'): string => `
apiVersion: pivot.voice/v1alpha1
kind: PivotCallflow
metadata: {name: ${name}}
spec: {numbers: ["${number}"], pivot: {voice_url: "https://a.example/"}}
`;

const HOUR_MS = 3_600_000;

/** A temporary folder being watched; what it tells is kept, and can be waited for. */
class Fixture {
  readonly folder: string;
  readonly changes: (readonly Located[])[] = [];
  readonly faults: (readonly Fault[])[] = [];
  watched!: WatchedFolder;
  readonly #waiting = new Set<{ readonly met: () => boolean; readonly resolve: () => void }>();

  constructor(folder: string) {
    this.folder = folder;
  }

  static async make(
    t: TestContext,
    files: Readonly<Record<string, string>>,
    options: Partial<WatchFolderOptions> = {},
  ): Promise<Fixture> {
    const fixture = new Fixture(await mkdtemp(join(tmpdir(), 'pivot-folder-')));
    for (const [name, text] of Object.entries(files)) await fixture.write(name, text);
    const controller = new AbortController();
    fixture.watched = await watchFolder({
      paths: [fixture.folder],
      onChange: (resources) => fixture.#tell(() => fixture.changes.push(resources)),
      onFault: (faults) => fixture.#tell(() => fixture.faults.push(faults)),
      signal: controller.signal,
      debounceMs: 5,
      rescanMs: HOUR_MS,
      ...options,
    });
    t.after(async () => {
      controller.abort();
      await fixture.watched.closed;
      await rm(fixture.folder, { recursive: true, force: true });
    });
    return fixture;
  }

  async write(name: string, text: string): Promise<void> {
    await mkdir(join(this.folder, name, '..'), { recursive: true });
    await writeFile(join(this.folder, name), text);
  }

  /** Resolves once what was told last satisfies `met`. */
  until(met: (names: readonly string[], faults: readonly string[]) => boolean): Promise<void> {
    const now = (): boolean => met(this.names(), this.codes());
    if (now()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.add({ met: now, resolve }));
  }

  names(): string[] {
    return (this.changes.at(-1) ?? []).map((one) => identityOf(one).split('/')[1]!);
  }

  codes(): string[] {
    return (this.faults.at(-1) ?? []).map((one) => one.code);
  }

  #tell(keep: () => void): void {
    keep();
    for (const one of this.#waiting) {
      if (!one.met()) continue;
      this.#waiting.delete(one);
      one.resolve();
    }
  }
}

test('the first load tells all resources of all folders below, and nothing else', async (t) => {
  const fixture = await Fixture.make(t, {
    'a.yaml': callflow('a'),
    'deep/er/b.yml': callflow('b', '2031'),
    'readme.md': 'not a manifest',
    'node_modules/c.yaml': callflow('c'),
  });
  assert.deepEqual(fixture.names(), ['a', 'b']);
  assert.equal(fixture.changes.length, 1);
  assert.deepEqual(fixture.faults, []);
});

test('an empty folder is told too', async (t) => {
  const fixture = await Fixture.make(t, {});
  assert.deepEqual(fixture.changes, [[]]);
});

test('a file that comes, changes, or goes is told', async (t) => {
  const fixture = await Fixture.make(t, { 'a.yaml': callflow('a') });
  await fixture.write('b.yaml', callflow('b'));
  await fixture.until((names) => names.join() === 'a,b');
  await fixture.write('b.yaml', callflow('bb'));
  await fixture.until((names) => names.join() === 'a,bb');
  await rm(join(fixture.folder, 'a.yaml'));
  await fixture.until((names) => names.join() === 'bb');
});

test('a file in a new folder is told', async (t) => {
  const fixture = await Fixture.make(t, { 'a.yaml': callflow('a') });
  await fixture.write('new/b.yaml', callflow('b'));
  // The watcher of a folder that is a moment old may miss its first file; the regular look finds it.
  await fixture.watched.rescan();
  assert.deepEqual(fixture.names(), ['a', 'b']);
});

test('a file that an editor replaces by renaming another over it is told', async (t) => {
  const fixture = await Fixture.make(t, { 'a.yaml': callflow('a') });
  await fixture.write('a.yaml.tmp', callflow('z'));
  await rename(join(fixture.folder, 'a.yaml.tmp'), join(fixture.folder, 'a.yaml'));
  await fixture.until((names) => names.join() === 'z');
});

test('a file that is gone for a moment while it is written loses nothing', async (t) => {
  const fixture = await Fixture.make(t, { 'a.yaml': callflow('a') });
  await rm(join(fixture.folder, 'a.yaml'));
  const looked = fixture.watched.rescan();
  await fixture.write('a.yaml', callflow('b'));
  await looked;
  await fixture.until((names) => names.join() === 'b');
  assert.ok(fixture.changes.every((resources) => resources.length === 1));
});

test('a file that was just emptied loses nothing, one that stays empty is empty', async (t) => {
  const fixture = await Fixture.make(t, { 'a.yaml': callflow('a'), 'b.yaml': callflow('b') });
  await fixture.write('a.yaml', '');
  await fixture.watched.rescan();
  assert.deepEqual(fixture.names(), ['a', 'b']);
  await fixture.write('a.yaml', callflow('aa'));
  await fixture.until((names) => names.join() === 'aa,b');

  await fixture.write('a.yaml', '');
  await utimes(join(fixture.folder, 'a.yaml'), new Date(), new Date(Date.now() - 60_000));
  await fixture.watched.rescan();
  assert.deepEqual(fixture.names(), ['b']);
});

test('a watched file, not folder, is told when it is replaced', async (t) => {
  const outer = await Fixture.make(t, { 'only.yaml': callflow('a'), 'other.yaml': callflow('other') });
  const inner = await Fixture.make(t, {}, { paths: [join(outer.folder, 'only.yaml')] });
  assert.deepEqual(inner.names(), ['a']);
  await outer.write('next', callflow('b'));
  await rename(join(outer.folder, 'next'), join(outer.folder, 'only.yaml'));
  await inner.until((names) => names.join() === 'b');
});

test('the regular look finds what the file system does not tell', async (t) => {
  const fixture = await Fixture.make(t, { 'a.yaml': callflow('a') }, { debounceMs: HOUR_MS, rescanMs: 5 });
  await fixture.write('b.yaml', callflow('b'));
  await fixture.until((names) => names.join() === 'a,b');
});

test('a document that becomes bad keeps its last good resource, the others change', async (t) => {
  const fixture = await Fixture.make(t, { 'a.yaml': `${callflow('a')}---${callflow('b')}` });
  await fixture.write('a.yaml', `${callflow('a').replace('numbers: [', 'numbers: {')}---${callflow('c')}`);
  await fixture.until((names, faults) => faults.length > 0 && names.includes('c'));
  assert.deepEqual(fixture.names().sort(), ['a', 'b', 'c'].sort());
  assert.equal(fixture.codes()[0], 'PV-1001');
  await fixture.write('a.yaml', callflow('c'));
  await fixture.until((names, faults) => names.join() === 'c' && faults.length === 0);
});

test('a bad document that says which resource it is keeps only that one', async (t) => {
  const fixture = await Fixture.make(t, { 'a.yaml': `${callflow('a')}---${callflow('b')}` });
  await fixture.write('a.yaml', callflow('a').replace('numbers: ["2030"]', 'numbers: 2030'));
  await fixture.until((names, faults) => faults.join() === 'PV-1004' && names.join() === 'a');
});

test('a path that does not exist is a fault, until it comes to be', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pivot-folder-'));
  const missing = join(folder, 'missing');
  const fixture = await Fixture.make(t, {}, { paths: [missing] });
  assert.deepEqual(fixture.codes(), ['PV-1013']);
  await mkdir(missing);
  await writeFile(join(missing, 'a.yaml'), callflow('a'));
  await fixture.watched.rescan();
  assert.deepEqual([fixture.names(), fixture.codes()], [['a'], []]);
  await rm(folder, { recursive: true });
});

test('a resource is as old as its first sight, and young again after it was gone', async (t) => {
  let minute = 0;
  const now = (): Date => new Date(Date.UTC(2026, 0, 1, 0, minute));
  const fixture = await Fixture.make(t, { 'a.yaml': callflow('a') }, { now });
  const age = (): string | undefined => fixture.changes.at(-1)?.[0]?.resource.metadata.creationTimestamp;
  assert.equal(age(), '2026-01-01T00:00:00.000Z');
  minute = 1;
  await fixture.write('a.yaml', callflow('a', '2031'));
  await fixture.watched.rescan();
  assert.equal(age(), '2026-01-01T00:00:00.000Z');
  await rm(join(fixture.folder, 'a.yaml'));
  await fixture.watched.rescan();
  minute = 2;
  await fixture.write('a.yaml', callflow('a'));
  await fixture.watched.rescan();
  assert.equal(age(), '2026-01-01T00:02:00.000Z');
});

test('a look at unchanged files tells nothing, and unchanged files keep their resources', async (t) => {
  const fixture = await Fixture.make(t, { 'a.yaml': callflow('a') });
  await fixture.watched.rescan();
  assert.equal(fixture.changes.length, 1);
  await fixture.write('b.yaml', callflow('b'));
  await fixture.watched.rescan();
  assert.equal(fixture.changes.at(-1)?.[0]?.resource, fixture.changes[0]?.[0]?.resource);
});

test('a watched folder that goes away keeps what it declared, and says so; when it is back all is well', async (t) => {
  const fixture = await Fixture.make(t, { 'a.yaml': callflow('a') });
  const away = `${fixture.folder}-away`;
  await rename(fixture.folder, away);
  await fixture.watched.rescan();
  assert.deepEqual(
    fixture.faults.at(-1)?.map(({ code }) => code),
    ['PV-1013'],
  );
  assert.equal(fixture.changes.length, 1, 'no table without the callflow was told');
  await rename(away, fixture.folder);
  await fixture.watched.rescan();
  assert.deepEqual(fixture.faults.at(-1), []);
  await rm(join(fixture.folder, 'a.yaml'));
  await fixture.watched.rescan();
  assert.deepEqual(fixture.changes.at(-1), [], 'a file that is deleted from it takes its resources along');
});
