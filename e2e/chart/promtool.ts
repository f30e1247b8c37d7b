import { spawnSync } from 'node:child_process';

export type PromtoolFound = { readonly ok: true } | { readonly ok: false; readonly hint: string };

/** Whether there is `promtool`. With `PIVOT_PROMTOOL=required` a missing one is an error. */
export function findPromtool(): PromtoolFound {
  if (spawnSync('promtool', ['--version']).status === 0) return { ok: true };
  const hint = 'no promtool: install the Debian package `prometheus`';
  if (process.env['PIVOT_PROMTOOL'] === 'required') throw new Error(hint);
  return { ok: false, hint };
}

/** Runs it; the exit code, and what it says. */
export function promtool(...args: readonly string[]): { readonly code: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
  return { code: status, said: `${stdout}${stderr}` };
}
