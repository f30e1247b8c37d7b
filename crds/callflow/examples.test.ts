import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { KAZOO_DIFFERENCES } from './kazoo-differences.ts';
import type { JsonObject } from './node.ts';
import { moduleSchemas } from './schemas.ts';
import { validateCallflow } from './validate.ts';

/** By module: `v`, data that is accepted; `i`, data that is refused and why. Each verdict was checked against Kazoo's own schemas. */
const EXAMPLES = JSON.parse(
  readFileSync(new URL('testdata/module-examples.json', import.meta.url), 'utf8'),
) as Readonly<
  Record<string, { readonly v: readonly JsonObject[]; readonly i: readonly (readonly [JsonObject, string])[] }>
>;

function verdict(module: string, data: unknown): boolean {
  return validateCallflow({ module, data }).ok;
}

test('every module has examples', () => {
  assert.deepEqual(
    Object.keys(EXAMPLES).sort(),
    moduleSchemas.map((schema) => schema.module),
  );
  assert.equal(moduleSchemas.length, 78);
});

for (const [module, { v: accepted, i: refused }] of Object.entries(EXAMPLES)) {
  test(`${module}: accepts and refuses what Kazoo does`, () => {
    for (const data of accepted) assert.ok(verdict(module, data), `${module} should accept ${JSON.stringify(data)}`);
    for (const [data, because] of refused) {
      if (KAZOO_DIFFERENCES.some((one) => one.module === module && JSON.stringify(one.data) === JSON.stringify(data)))
        continue;
      assert.ok(!verdict(module, data), `${module} should refuse ${JSON.stringify(data)}: ${because}`);
    }
  });
}

test('the verdict differs from Kazoo in the documented cases and in no other', () => {
  const differing = Object.entries(EXAMPLES).flatMap(([module, { i: refused }]) =>
    refused.filter(([data]) => verdict(module, data)).map(([data]) => ({ module, data })),
  );
  assert.deepEqual(
    differing,
    KAZOO_DIFFERENCES.map(({ module, data }) => ({ module, data })),
  );
});
