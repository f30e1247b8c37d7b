import { spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The Go module that names the version: `go.mod` and `go.sum`. Jaeger 2.13 is v1.76 there: its module kept the path of version 1. */
const MODULE = fileURLToPath(new URL('module/', import.meta.url));
const PACKAGE = 'github.com/jaegertracing/jaeger/cmd/jaeger';

export type Found = { readonly ok: true; readonly program: string } | { readonly ok: false; readonly hint: string };

/**
 * Jaeger's program: what `PIVOT_JAEGER_PROGRAM` names, else the one that was built before. With `PIVOT_JAEGER_TESTS=required` a missing one is built,
 * which takes minutes; without, `hint` says how to get it.
 */
export async function jaegerProgram(): Promise<Found> {
  const named = process.env['PIVOT_JAEGER_PROGRAM'];
  if (named !== undefined && named !== '') return { ok: true, program: named };
  const built = builtProgram();
  if (isProgram(built)) return { ok: true, program: built };
  if (process.env['PIVOT_JAEGER_TESTS'] === 'required') return { ok: true, program: await buildJaeger() };
  return {
    ok: false,
    hint: 'no Jaeger: run `node e2e/jaeger/build.ts` once (Go, about ten minutes), or set PIVOT_JAEGER_PROGRAM',
  };
}

/** Builds it with Go, through its module proxy, one job at the lowest priority: the machine may be running tests that measure time. */
export async function buildJaeger(report: (line: string) => void = console.error): Promise<string> {
  const program = builtProgram();
  if (isProgram(program)) return program;
  mkdirSync(join(program, '..'), { recursive: true });
  report(`building Jaeger into ${program}`);
  // Under another name until it is whole: a build may be interrupted, and two may run at once.
  const part = `${program}.${process.pid}.part`;
  await run('nice', ['-n', '19', 'go', 'build', '-p', '1', '-trimpath', '-ldflags', '-s -w', '-o', part, PACKAGE]);
  renameSync(part, program);
  return program;
}

/** Outside the checkout, by version. */
function builtProgram(): string {
  const version = /jaegertracing\/jaeger (v\S+)/.exec(readFileSync(join(MODULE, 'go.mod'), 'utf8'))?.[1];
  if (version === undefined) throw new Error(`${MODULE}go.mod names no version of Jaeger`);
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(cache, 'pivot', 'jaeger', version, 'jaeger');
}

function run(command: string, args: readonly string[]): Promise<void> {
  const env = { GOMAXPROCS: '1', ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly -buildvcs=false' };
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: MODULE, env, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', reject).once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}; Go 1.26 or later is needed`));
    });
  });
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
