import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtFolder, goBuild, isProgram } from '../go-build.ts';

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

/** Builds it with Go, which takes minutes, unless it is there. */
export async function buildJaeger(): Promise<string> {
  const program = builtProgram();
  await goBuild({ module: MODULE, package: PACKAGE, into: program });
  return program;
}

/** Outside the checkout, by version. */
function builtProgram(): string {
  const version = /jaegertracing\/jaeger (v\S+)/.exec(readFileSync(join(MODULE, 'go.mod'), 'utf8'))?.[1];
  if (version === undefined) throw new Error(`${MODULE}go.mod names no version of Jaeger`);
  return join(builtFolder('jaeger', version), 'jaeger');
}
