import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { catalogue } from './catalogue.ts';
import type { CodeEntry } from './fault.ts';

const ALL: readonly CodeEntry[] = catalogue.flatMap((area) => area.entries);

test('every code is unique and within its area', () => {
  const codes = ALL.map((entry) => entry.code);
  assert.deepEqual(
    codes.filter((code, index) => codes.indexOf(code) !== index),
    [],
  );
  for (const { digits, entries } of catalogue) {
    for (const { code } of entries) assert.match(code, new RegExp(`^PV-${digits}\\d\\d$`));
  }
});

test('every entry says what, why and what to do', () => {
  for (const { code, title, cause, cure } of ALL) {
    assert.ok(title.length > 0 && cause.length > 0 && cure.length > 0, code);
    assert.ok(!title.includes('\n') && !title.endsWith('.'), `${code}: a title is one line without a full stop`);
  }
});

test('no code of any file is missing from the catalogue', () => {
  const known = new Set(ALL.map((entry) => entry.code as string));
  const folder = new URL('.', import.meta.url);
  for (const file of readdirSync(folder)) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
    const declared = readFileSync(new URL(file, folder), 'utf8').matchAll(/code: '(PV-\d{4})'/g);
    for (const [, code] of declared) assert.ok(known.has(code!), `${code} of ${file}`);
  }
});
