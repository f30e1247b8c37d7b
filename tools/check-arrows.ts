/**
 * Holds the import arrows of the design: who may import whom between the top-level folders, and that nothing of the softswitch but its
 * entries is imported. Prints each arrow that goes against it and exits 1.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';

/** Folders that a folder may import, besides itself. `tools`, `bench` and tests may import anything but each other's insides. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  crds: [],
  runtime: [],
  operator: ['crds', 'runtime'],
  'media-worker': ['crds', 'runtime'],
  debug: ['crds', 'runtime'],
  cli: ['crds', 'operator', 'media-worker', 'debug', 'runtime'],
  bench: ['crds', 'operator', 'media-worker', 'debug', 'runtime', 'cli', 'e2e'],
  tools: ['crds', 'operator', 'media-worker', 'debug', 'runtime', 'cli'],
  // The outside surfaces only, and the phone that stands outside too.
  e2e: ['media-worker/softswitch/phone.ts'],
  examples: [],
};

const SOFTSWITCH = 'media-worker/softswitch/';
const SOFTSWITCH_ENTRIES = [`${SOFTSWITCH}softswitch.ts`, `${SOFTSWITCH}phone.ts`];
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^;]*?from\s+'(\.[^']+)'|import\(\s*'(\.[^']+)'\s*\)|new URL\(\s*'(\.[^']+\.ts)'/g;

export interface Fault {
  readonly from: string;
  readonly to: string;
  readonly why: string;
}

/** Checks one file's imports; paths are relative to the repository's root. */
export function checkFile(file: string, text: string): Fault[] {
  const folder = file.split('/')[0] ?? '';
  const allowed = MAY_IMPORT[folder];
  if (allowed === undefined) return [];
  const faults: Fault[] = [];
  for (const match of text.matchAll(IMPORT)) {
    const to = normalize(join(dirname(file), match[1] ?? match[2] ?? match[3] ?? ''))
      .split(sep)
      .join('/');
    const target = to.split('/')[0] ?? '';
    // Tests beside the code may use a helper of the same folder, nothing more is allowed to them.
    if (target !== folder && !allowed.some((entry) => entry === target || entry === to)) {
      faults.push({ from: file, to, why: `${folder}/ may import ${allowed.join(', ') || 'nothing of ours'}` });
    }
    const outsideIn = to.startsWith(SOFTSWITCH) && !file.startsWith(SOFTSWITCH) && !file.startsWith('bench/');
    if (outsideIn && !SOFTSWITCH_ENTRIES.includes(to))
      faults.push({ from: file, to, why: 'only the entries of softswitch/ are for others' });
    const insideOut = file.startsWith(SOFTSWITCH) && to.startsWith('media-worker/') && !to.startsWith(SOFTSWITCH);
    if (insideOut) faults.push({ from: file, to, why: 'softswitch/ imports nothing else of media-worker/' });
  }
  return faults;
}

if (import.meta.main) {
  const files = Object.keys(MAY_IMPORT).flatMap((folder) => globSync(`${folder}/**/*.ts`));
  const faults = files.flatMap((file) => checkFile(file.split(sep).join('/'), readFileSync(file, 'utf8')));
  for (const { from, to, why } of faults) console.error(`${from} imports ${to}: ${why}`);
  console.log(`${files.length} files, ${faults.length} imports against the arrows`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
