import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { generatedFiles } from './resource-files.ts';

for (const [path, text] of generatedFiles()) {
  test(`${path} is what the definitions say`, () => {
    const committed = readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
    assert.ok(committed === text, 'run: node tools/generate-crds.ts');
  });
  if (path.endsWith('.yaml')) {
    test(`${path} means the same to readers of YAML 1.1 and 1.2`, () => {
      assert.deepEqual(parse(text, { version: '1.1' }), parse(text));
    });
  }
}
