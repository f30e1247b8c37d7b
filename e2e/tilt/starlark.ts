import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The interpreter of the language that Tiltfiles are written in, by its authors. */
const MODULE = 'go.starlark.net/cmd/starlark';
const VERSION = 'v0.0.0-20260908191801-89a6a09411d5';

export type StarlarkFound =
  | { readonly ok: true; readonly program: string }
  | { readonly ok: false; readonly hint: string };

/** The program that `PIVOT_STARLARK` names, else one built before; with `PIVOT_STARLARK=required` it is built, which takes seconds. */
export function findStarlark(): StarlarkFound {
  const named = process.env['PIVOT_STARLARK'] ?? '';
  if (named !== '' && named !== 'required') return { ok: true, program: named };
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const folder = join(cache, 'pivot', 'starlark', VERSION);
  const program = join(folder, 'starlark');
  if (isProgram(program)) return { ok: true, program };
  if (named !== 'required') {
    const hint = `no Starlark: run \`GOBIN=${folder} go install ${MODULE}@${VERSION}\`, or set PIVOT_STARLARK to the program`;
    return { ok: false, hint };
  }
  const env = { ...process.env, GOBIN: folder, GOFLAGS: '-mod=mod' };
  const { status, stderr } = spawnSync('go', ['install', `${MODULE}@${VERSION}`], { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${MODULE} cannot be built: ${stderr}`);
  return { ok: true, program };
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
