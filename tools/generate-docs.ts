import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { callflowReference } from './callflow-reference.ts';
import { errorReference } from './error-reference.ts';
import { metricsReference } from './metrics-reference.ts';
import { troubleshooting } from './troubleshooting.ts';

/**
 * Writes the pages of `docs/` that are made of code: `node tools/generate-docs.ts`. With `--check` it writes nothing and fails when a
 * committed page is not what the code says.
 */
const ROOT = new URL('../', import.meta.url);

/** Modules that the worker runs: one file each, named like the module with dashes. */
function modulesThatRun(): ReadonlySet<string> {
  const files = readdirSync(new URL('media-worker/callflow/modules/', ROOT));
  return new Set(
    files.filter((file) => /^[a-z-]+\.ts$/.test(file)).map((file) => file.slice(0, -'.ts'.length).replaceAll('-', '_')),
  );
}

const PAGES: Readonly<Record<string, () => string>> = {
  'docs/errors.md': errorReference,
  'docs/metrics.md': metricsReference,
  'docs/troubleshooting.md': troubleshooting,
  'docs/callflow-reference.md': () => callflowReference(modulesThatRun()),
};

const check = process.argv.includes('--check');
for (const [path, make] of Object.entries(PAGES)) {
  const url = new URL(path, ROOT);
  const made = make();
  if (!check) writeFileSync(url, made);
  else if (read(url) !== made) {
    process.stderr.write(`${path} is not what the code says; run: node tools/generate-docs.ts\n`);
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
