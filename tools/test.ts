/**
 * Runs the tests: first those beside the code, several files at a time, then the end-to-end tests one file at a time, because they
 * drive real phones against real clocks. `npm test -- PATTERN…` runs only the files named.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';

const BESIDE_THE_CODE = ['crds', 'operator', 'media-worker', 'debug', 'runtime', 'cli', 'tools', 'examples', 'bench'];
const FILE_LIMIT_MS = 300_000;

function run(files: readonly string[], concurrency: number): number {
  if (files.length === 0) return 0;
  const options = [
    '--test',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${FILE_LIMIT_MS}`,
    '--test-reporter=spec',
  ];
  const { status } = spawnSync(process.execPath, [...options, ...files], { stdio: 'inherit' });
  return status ?? 1;
}

const named = process.argv.slice(2);
if (named.length > 0) {
  process.exitCode = run(
    named.flatMap((pattern) => globSync(pattern)),
    2,
  );
} else {
  const unit = BESIDE_THE_CODE.flatMap((folder) => globSync(`${folder}/**/*.test.ts`)).sort();
  const endToEnd = globSync('e2e/**/*.test.ts').sort();
  process.exitCode = run(unit, 2) || run(endToEnd, 1);
}
