/**
 * Holds of every code of the catalogue: the product uses it, some test expects it, and `docs/errors.md` has a section with what happened, why and
 * what to do. Prints what is missing and exits 1.
 */
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { sep } from 'node:path';
import { catalogue } from '../crds/errors/catalogue.ts';

const ROOT = new URL('../', import.meta.url);
const FOLDERS = ['cli', 'crds', 'debug', 'media-worker', 'operator', 'runtime', 'e2e', 'examples', 'tools'];
const TEST = /\.test\.ts$|^e2e\/|\/testdata\/|\/testing\//;
/** The check's own test names codes that it makes up. */
const OWN = /^tools\/check-errors/;

interface Named {
  /** Of the constant, e.g. `webhookCodes`. */
  readonly area: string;
  readonly key: string;
  readonly code: string;
}

/** What is missing. `files`: paths from the root with their texts; `page`: `docs/errors.md`. */
export function checkErrors(codes: readonly Named[], files: ReadonlyMap<string, string>, page: string): string[] {
  const all = [...files].filter(([file]) => !OWN.test(file));
  const tests = all.filter(([file]) => TEST.test(file)).map(([, text]) => text);
  const product = all.filter(([file]) => !TEST.test(file) && !file.startsWith('crds/errors/')).map(([, text]) => text);
  const sections = new Map(page.split(/^## /m).map((section) => [section.slice(0, 'PV-0000'.length), section]));
  return codes.flatMap(({ area, key, code }) => {
    const named = mentions(area, key);
    const faults: string[] = [];
    if (!product.some(named)) faults.push(`${code} (${area}.${key}) is used by nothing`);
    if (!tests.some((text) => text.includes(code) || named(text))) {
      faults.push(`${code} (${area}.${key}) is expected by no test`);
    }
    const section = sections.get(code) ?? '';
    const whole = /^PV-\d{4} — \S[\s\S]*\*\*Why\.\*\* \S[\s\S]*\*\*What to do\.\*\* \S/.test(section);
    if (!whole) faults.push(`${code} has no section in docs/errors.md with what happened, why and what to do`);
    return faults;
  });
}

/**
 * Whether a text names a code: `webhookCodes.refused`, or `refused` taken out of `webhookCodes` or handed to what looks it up there, as
 * `KubeError('gone', …)` does.
 */
function mentions(area: string, key: string): (text: string) => boolean {
  const direct = new RegExp(`\\b${area}\\.${key}\\b`);
  const taken = new RegExp(`\\{[^{}]*\\b${key}\\b[^{}]*\\} = ${area}\\b`);
  const marker = LOOKED_UP[area];
  return (text) => direct.test(text) || taken.test(text) || (marker?.test(text) === true && text.includes(`'${key}'`));
}

/** Catalogues in which a function looks codes up by their names, and what stands in the files where that is done. */
const LOOKED_UP: Readonly<Record<string, RegExp>> = {
  kubeCodes: /KubeError/,
  softswitchCodes: /\bkeyof typeof softswitchCodes\b/,
};

/** Every code, with the names that code has for it. */
export async function namedCodes(): Promise<Named[]> {
  const found: Named[] = [];
  for (const file of readdirSync(new URL('crds/errors/', ROOT))) {
    if (!file.endsWith('.ts') || /^(catalogue|fault)|\.test\.ts$/.test(file)) continue;
    const module = (await import(new URL(`crds/errors/${file}`, ROOT).href)) as Record<string, unknown>;
    for (const [area, entries] of Object.entries(module)) {
      if (!area.endsWith('Codes')) continue;
      for (const [key, { code }] of Object.entries(entries as Record<string, { code: string }>)) {
        found.push({ area, key, code });
      }
    }
  }
  const known = catalogue.flatMap(({ entries }) => entries);
  if (known.length !== found.length) throw new Error(`${known.length} codes in the catalogue, ${found.length} by name`);
  return found;
}

export function repositoryFiles(): Map<string, string> {
  const found = FOLDERS.flatMap((folder) => globSync(`${folder}/**/*.{ts,json,yaml,txt}`))
    .map((file) => file.split(sep).join('/'))
    .filter((file) => !file.includes('node_modules/'));
  return new Map(found.map((file) => [file, readFileSync(file, 'utf8')]));
}

if (import.meta.main) {
  const page = readFileSync(new URL('docs/errors.md', ROOT), 'utf8');
  const faults = checkErrors(await namedCodes(), repositoryFiles(), page);
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
