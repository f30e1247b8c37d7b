import { spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** Where a built program is kept: outside the checkout, by name and version. */
export function builtFolder(name: string, version: string): string {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(cache, 'pivot', name, version);
}

export interface GoBuild {
  /** Folder of the `go.mod` and `go.sum` that name what is built. */
  readonly module: string;
  readonly package: string;
  readonly ldflags?: string;
  /** The program's file. */
  readonly into: string;
}

/**
 * Builds a Go program through the module proxy, unless it is there already. One job at the lowest priority, unless `GOMAXPROCS` says otherwise:
 * the machine may be running tests beside it. Rejects when Go is missing, too old, or the build fails.
 */
export async function goBuild({ module, package: name, ldflags = '-s -w', into }: GoBuild): Promise<void> {
  if (isProgram(into)) return;
  mkdirSync(dirname(into), { recursive: true });
  const jobs = process.env['GOMAXPROCS'] ?? '1';
  // Under another name until it is whole: a build may be interrupted, and two may run at once.
  const part = `${into}.${process.pid}.part`;
  const args = ['-n', '19', 'go', 'build', '-p', jobs, '-trimpath', '-ldflags', ldflags, '-o', part, name];
  const env = { ...process.env, GOMAXPROCS: jobs, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly -buildvcs=false' };
  await new Promise<void>((resolve, reject) => {
    const child = spawn('nice', args, { cwd: module, env, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', reject).once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`go build ${name} ended with ${code}; Go 1.26 or later is needed`));
    });
  });
  renameSync(part, into);
}

export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
