#!/usr/bin/env node
// Runs the `pivot` command on Node 24, whatever Node the machine has: the npm package `node` brings it along.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const NEEDED = 24;
const here = dirname(fileURLToPath(import.meta.url));

function packagedNode() {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin', 'node');
  } catch {
    return undefined;
  }
}

if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
  // In a checkout the TypeScript sources run as they are; an installed package and the image have them compiled.
  const compiled = join(here, '..', 'dist', 'cli', 'main.js');
  const source = join(here, 'main.ts');
  const { main } = await import(pathToFileURL(existsSync(source) ? source : compiled).href);
  await main(process.argv);
} else {
  const node = packagedNode();
  if (node === undefined || !existsSync(node)) {
    console.error(
      `pivot needs Node ${NEEDED} or newer; this is ${process.version}. Run "npm ci" first: it brings Node ${NEEDED} along.`,
    );
    process.exit(1);
  }
  // In a process group of its own: a Ctrl-C in a terminal goes to the whole group, and the child must hear of it once, not twice.
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
    detached: true,
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`pivot cannot be started on Node ${NEEDED} (${error.message}). Run "npm ci" again.`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
}
