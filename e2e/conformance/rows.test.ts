import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ROWS } from './rows.ts';

test('every row of section 11 has a test', () => {
  const folder = fileURLToPath(new URL('.', import.meta.url));
  const proven = globSync('rows-11-*.test.ts', { cwd: folder }).flatMap((file) => {
    const [, table] = /-(\d)\.test/.exec(file) ?? [];
    const ids = [...readFileSync(`${folder}${file}`, 'utf8').matchAll(/(?:id: |skipped\()'(11\.\d\.\d+)'/g)];
    for (const [, id] of ids) assert.ok(id?.startsWith(`11.${table}.`), `${id} in ${file}`);
    return ids.map(([, id]) => id);
  });
  assert.deepEqual([...new Set(proven)].sort(), Object.keys(ROWS).sort());
});

test('the rows are numbered without gaps', () => {
  const counts = { 1: 8, 2: 10, 3: 18, 4: 32, 5: 7, 6: 4 };
  const expected = Object.entries(counts).flatMap(([table, count]) =>
    Array.from({ length: count }, (_, index) => `11.${table}.${index + 1}`),
  );
  assert.deepEqual(Object.keys(ROWS), expected);
});
