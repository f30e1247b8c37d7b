import { readFileSync, writeFileSync } from 'node:fs';
import { chartFiles } from './chart-files.ts';

/**
 * Writes what the chart has of other places: copies of the CRDs, the rights of the operator, and the reference of its values. With `--check`
 * it writes nothing and fails when a committed file is another.
 */
const ROOT = new URL('../', import.meta.url);

const check = process.argv.includes('--check');
for (const [path, text] of chartFiles((file) => readFileSync(new URL(file, ROOT), 'utf8'))) {
  const url = new URL(path, ROOT);
  if (!check) writeFileSync(url, text);
  else if (read(url) !== text) {
    process.stderr.write(`${path} is not what it is made of; run: npm run docs\n`);
    process.exitCode = 1;
  }
}

function read(url: URL): string | undefined {
  try {
    return readFileSync(url, 'utf8');
  } catch {
    return undefined;
  }
}
