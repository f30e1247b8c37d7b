import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkErrors } from './check-errors.ts';

const SECTION = '## PV-9901 — It broke\n\n*error*\n\n**Why.** It fell.\n\n**What to do.** Glue it.\n';
const CODE = { area: 'toyCodes', key: 'broken', code: 'PV-9901' };
const check = (files: Record<string, string>, page = SECTION) =>
  checkErrors([CODE], new Map(Object.entries(files)), page);

test('a code that is used, expected and documented is well', () => {
  const used = { 'cli/toy.ts': 'fault(toyCodes.broken, "x")' };
  assert.deepEqual(check({ ...used, 'cli/toy.test.ts': "'PV-9901'" }), []);
  assert.deepEqual(check({ ...used, 'e2e/toy.ts': 'const { broken, lost } = toyCodes;' }), []);
});

test('a code that no test expects, one that nothing uses, one without a section are named', () => {
  assert.deepEqual(check({ 'cli/toy.ts': 'fault(toyCodes.broken, "x")', 'cli/toy.test.ts': 'toyCodes.brokenToo' }), [
    'PV-9901 (toyCodes.broken) is expected by no test',
  ]);
  assert.deepEqual(check({ 'cli/toy.test.ts': "'PV-9901'", 'crds/errors/toy.ts': 'toyCodes.broken' }), [
    'PV-9901 (toyCodes.broken) is used by nothing',
  ]);
  const page = SECTION.replace('**What to do.** Glue it.', '');
  assert.equal(check({ 'cli/toy.ts': 'toyCodes.broken', 'cli/toy.test.ts': 'PV-9901' }, page).length, 1);
});
