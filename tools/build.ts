/**
 * Compiles what the `pivot` command needs into `dist/`, and copies what it reads at run time: `npm run build`. For the image; in a checkout
 * the sources run as they are.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
/** Files beside the code that it reads. */
const ASSETS = ['debug/page/*.{html,css,js,svg}'];

rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
  cwd: ROOT,
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);
for (const asset of ASSETS.flatMap((pattern) => globSync(pattern, { cwd: ROOT }))) {
  cpSync(join(ROOT, asset), join(ROOT, 'dist', asset));
}
