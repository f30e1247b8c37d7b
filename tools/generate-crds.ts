import { readFileSync, writeFileSync } from 'node:fs';
import { generatedFiles } from './resource-files.ts';

/**
 * Writes what is made of `crds/definitions/`: the CRDs (`crds/*.yaml`), JSON Schemas for editors (`schemas/*.json`) and
 * `docs/resources.md`. With `--check` it writes nothing and fails when a committed file is not what the definitions say.
 */
const ROOT = new URL('../', import.meta.url);

const check = process.argv.includes('--check');
for (const [path, text] of generatedFiles()) {
  const url = new URL(path, ROOT);
  if (!check) writeFileSync(url, text);
  else if (read(url) !== text) {
    process.stderr.write(`${path} is not what the definitions say; run: node tools/generate-crds.ts\n`);
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
