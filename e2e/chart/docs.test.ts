/** What the pages tell people to type is taken by the chart. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { findHelm, helm } from './helm.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGES = ['install', 'operations', 'security'];
const found = findHelm();
const page = (name: string): string => readFileSync(join(ROOT, `docs/${name}.md`), 'utf8');

describe('the pages about Kubernetes', { skip: found.ok ? false : found.hint }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'pivot-docs-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const render = (args: readonly string[]) => helm(found.ok ? found.programs.helm4 : '', ['template', ...args]);

  for (const name of PAGES) {
    const blocks = [...page(name).matchAll(/^```yaml\n# values\.yaml\n([\s\S]*?)^```$/gm)].map(([, text]) => text!);
    for (const [index, text] of blocks.entries()) {
      test(`the values ${index + 1} of docs/${name}.md are values of the chart`, async () => {
        const file = join(folder, `${name}-${index}.yaml`);
        writeFileSync(file, text);
        const { code, stderr } = await render(['pivot', join(ROOT, 'charts/pivot'), '--values', file]);
        assert.equal(code, 0, stderr);
      });
    }
  }

  test('the commands of docs/install.md are taken by Helm', async () => {
    const commands = [...page('install').matchAll(/^ {4}helm (install|upgrade) (.*)$/gm)].map(([, , rest]) =>
      rest!.split(' '),
    );
    assert.ok(commands.length >= 3);
    const values = join(folder, 'values.yaml');
    writeFileSync(values, '{}');
    for (const words of commands) {
      const args = words.filter((word) => word !== '--create-namespace');
      const { code, stderr } = await render(
        args.map((word) => (word === 'charts/pivot' ? join(ROOT, word) : word === 'values.yaml' ? values : word)),
      );
      assert.equal(code, 0, `helm ${words.join(' ')}: ${stderr}`);
    }
  });

  test('every value that they name is one', () => {
    const values = parse(readFileSync(join(ROOT, 'charts/pivot/values.yaml'), 'utf8')) as Record<string, unknown>;
    const top = Object.keys(values).join('|');
    for (const name of PAGES) {
      for (const [, path] of page(name).matchAll(new RegExp(`\`((?:${top})\\.[\\w.]+)\``, 'g'))) {
        if (/^(fleet\.spec\.|tls\.(crt|key)$)/.test(path!)) continue;
        const value = path!
          .split('.')
          .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], values);
        assert.notEqual(value, undefined, `docs/${name}.md names ${path}`);
      }
    }
  });

  test('links between pages lead somewhere', () => {
    for (const name of PAGES) {
      for (const [, target, anchor] of page(name).matchAll(/\]\(([\w./-]+\.md)(?:#([\w-]+))?\)/g)) {
        const text = readFileSync(join(ROOT, 'docs', target!), 'utf8');
        if (anchor === undefined) continue;
        const anchors = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
          title!
            .toLowerCase()
            .replaceAll(/[^\w -]/g, '')
            .replaceAll(' ', '-'),
        );
        assert.ok(anchors.includes(anchor), `docs/${name}.md: ${target}#${anchor}`);
      }
    }
  });
});
