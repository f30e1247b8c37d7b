import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { COMPILE_REASONS } from '../../crds/definitions/reasons.ts';

const FOLDER = new URL('testdata/', import.meta.url);
const goldens = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.out.yaml'))
  .map((name) => readFileSync(new URL(name, FOLDER), 'utf8'))
  .join('\n');
const page = readFileSync(new URL('../../docs/numbers.md', import.meta.url), 'utf8');

describe('every reason of a condition', () => {
  for (const { condition, reason, status } of COMPILE_REASONS) {
    test(`${condition} ${reason} is what a rule leads to`, () => {
      assert.match(goldens, new RegExp(`${condition}=${status} ${reason}: \\S`));
    });
    test(`${condition} ${reason} has an example in docs/numbers.md, in the words that are used`, () => {
      const row = page.split('\n').find((line) => line.startsWith(`| ${condition}: ${status} | \`${reason}\` |`));
      assert.ok(row !== undefined, `no example of ${reason}`);
      // Without names, numbers and places, which differ.
      const words = row.split('|')[3]!.match(/[a-z]+(?: [a-z]+){2,}/g) ?? [];
      assert.ok(words.length > 0, row);
      for (const one of words) assert.ok(goldens.includes(one), `no rule says ${JSON.stringify(one)}`);
    });
  }
});
