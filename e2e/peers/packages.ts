import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The Debian packages that tests use, and the program of each. */
export const PROGRAMS = {
  'sip-tester': 'sipp',
  'baresip-core': 'baresip',
  'espeak-ng': 'espeak-ng',
} as const;

export type DebianPackage = keyof typeof PROGRAMS;

/** Installing takes seconds where there is a network; without one it must not take minutes. */
const INSTALL_LIMIT_MS = 180_000;

export function isInstalled(name: DebianPackage): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, PROGRAMS[name]), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Sees that the programs of these packages are there, and installs them when they are not and it can (root, apt). Returns what to give as
 * `skip` to a test: false, or the reason with what to do. In CI (`CI=true`) a missing one is an error instead.
 */
export function requirePackages(names: readonly DebianPackage[]): string | false {
  let missing = names.filter((name) => !isInstalled(name));
  if (missing.length > 0 && process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0) {
    install(missing);
    missing = missing.filter((name) => !isInstalled(name));
  }
  if (missing.length === 0) return false;
  const reason = `needs ${missing.map((name) => PROGRAMS[name]).join(' and ')}: apt-get install -y ${missing.join(' ')}`;
  if (process.env['CI'] === 'true') throw new Error(`${reason} (required in CI)`);
  return reason;
}

function install(names: readonly DebianPackage[]): void {
  const apt = (...args: string[]): boolean =>
    spawnSync('apt-get', ['-qq', '-y', ...args], {
      timeout: INSTALL_LIMIT_MS,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0;
  const get = ['install', '--no-install-recommends', ...names];
  // A fresh image has no package lists.
  if (!apt(...get) && apt('update')) apt(...get);
}
