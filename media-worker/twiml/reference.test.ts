import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { parseTwiml } from './parse.ts';
import { twimlReference } from './reference.ts';
import { VERBS } from './verbs/registry.ts';

suite('docs/twiml-reference.md', () => {
  test('is what the tables say; else run `node tools/generate-twiml-docs.ts`', async () => {
    const file = await readFile(new URL('../../docs/twiml-reference.md', import.meta.url), 'utf8');
    assert.equal(file, twimlReference());
  });

  test('has examples that run without a warning', () => {
    for (const { name, example } of Object.values(VERBS)) {
      const parsed = parseTwiml(`<Response>${example}</Response>`, { strict: true });
      assert.deepEqual(parsed.ok && parsed.document.verbs.map(({ verb }) => verb), [name]);
    }
  });

  test('names every verb and attribute', () => {
    const text = twimlReference();
    for (const verb of Object.values(VERBS)) {
      assert.ok(text.includes(`## \`<${verb.name}>\``));
      for (const name of Object.keys(verb.attributes)) assert.ok(text.includes(`\`${name}\``), `${verb.name} ${name}`);
    }
  });
});
