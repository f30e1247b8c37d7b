import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const PIVOT = fileURLToPath(new URL('./bin.js', import.meta.url));
const page = readFileSync(new URL('../docs/cli.md', import.meta.url), 'utf8');

/** The help with its broken lines joined again. */
function help(...args: string[]): string {
  return execFileSync(process.execPath, [PIVOT, ...args, '--help'], { encoding: 'utf8' }).replace(/\n {8,}/g, ' ');
}

/** `--sip <host:port>` of each line of the options in a `--help`, with what stands behind. */
function optionsOf(text: string): { name: string; description: string }[] {
  return [...text.matchAll(/^ {2}(?:-\w, )?(--[\w-]+(?: <[^>]+>)?) *(.*)$/gm)].map(
    ([, name = '', description = '']) => ({
      name,
      description,
    }),
  );
}

/** The part of the page about one command. */
function sectionOf(command: string): string {
  const start = page.indexOf(`## \`pivot ${command}\``);
  assert.notEqual(start, -1, `docs/cli.md has no section about pivot ${command}`);
  const end = page.indexOf('\n## ', start + 1);
  return page.slice(start, end === -1 ? undefined : end);
}

const commands = [...help().matchAll(/^ {2}([\w-]+) .*[[<]/gm)]
  .map(([, name = '']) => name)
  .filter((name) => name !== 'help');

describe('docs/cli.md', () => {
  test('there are commands to compare with', () => {
    assert.ok(commands.includes('up') && commands.includes('call'), commands.join(' '));
  });

  for (const command of commands) {
    const shown = optionsOf(help(command)).filter(({ name }) => name !== '--help');
    const rows = sectionOf(command)
      .split('\n')
      .filter((line) => line.startsWith('| `--'));

    for (const { name, description } of shown) {
      test(`pivot ${command} ${name} is described as it is`, () => {
        const row = rows.find((line) => line.startsWith(`| \`${name}\` |`));
        assert.ok(row !== undefined, `docs/cli.md has no row for \`${name}\` of pivot ${command}`);
        // `(default: "cymru", env: …)`, `(choices: …, default: "warn")`; lists are empty by default.
        const [, quoted, bare] = /\bdefault: (?:"([^"]+)"|([^",)[\]]+))/.exec(description) ?? [];
        const preset = quoted ?? bare;
        assert.equal(row.split('|')[2]?.trim(), preset === undefined ? '' : `\`${preset}\``);
      });
    }

    test(`pivot ${command} has every option that the page describes`, () => {
      const names = new Set(shown.map(({ name }) => name));
      const unknown = rows.map((line) => line.split('`')[1] ?? '').filter((name) => !names.has(name));
      assert.deepEqual(unknown, []);
    });
  }
});
