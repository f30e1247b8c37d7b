/**
 * A real object store that speaks S3, on a loopback port: Versity's gateway (Apache-2.0) over a folder. It checks signatures. Found on the
 * PATH, or built with Go into the cache by `node e2e/object-store/build.ts`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { builtFolder, goBuild, isProgram } from '../go-build.ts';
import { freePort } from '../peers/ports.ts';

const MODULE = fileURLToPath(new URL('binaries/', import.meta.url));
const NAME = 'versitygw';
const PACKAGE = 'github.com/versity/versitygw/cmd/versitygw';
const START_LIMIT_MS = 30_000;

export type Found = { readonly ok: true; readonly program: string } | { readonly ok: false; readonly hint: string };

function builtProgram(): string {
  const version = /versitygw (v\S+)/.exec(readFileSync(join(MODULE, 'go.mod'), 'utf8'))?.[1];
  if (version === undefined) throw new Error(`${MODULE}go.mod names no version of ${NAME}`);
  return join(builtFolder('object-store', version), NAME);
}

/** The program. With `PIVOT_OBJECT_STORE=required` a missing one is built; without, `hint` says how to get it. */
export async function objectStoreProgram(): Promise<Found> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, NAME));
  const program = [...folders, builtProgram()].find(isProgram);
  if (program !== undefined) return { ok: true, program };
  if (process.env['PIVOT_OBJECT_STORE'] === 'required') return { ok: true, program: await buildObjectStore() };
  return { ok: false, hint: 'no object store: run `node e2e/object-store/build.ts` once (Go, some minutes)' };
}

/** Builds it with Go, which takes minutes, unless it is there; `binaries/go.mod` and `go.sum` name what is built. */
export async function buildObjectStore(): Promise<string> {
  const program = builtProgram();
  await goBuild({ module: MODULE, package: PACKAGE, into: program });
  return program;
}

export interface ObjectStore {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** What AWS's clients read. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends it; what is stored stays for `start`. */
  stop(): Promise<void>;
  start(): Promise<void>;
  dispose(): Promise<void>;
}

const ACCESS = 'pivot-test';
const SECRET = 'pivot-test-secret';

/** Starts it with one bucket. */
export async function startObjectStore(program: string, bucket: string): Promise<ObjectStore> {
  const folder = mkdtempSync(join(tmpdir(), 'pivot-objects-'));
  mkdirSync(join(folder, 'objects', bucket), { recursive: true });
  mkdirSync(join(folder, 'sidecar'));
  const port = await freePort('127.0.0.1');
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    const args = [
      '--port',
      `127.0.0.1:${port}`,
      '--access',
      ACCESS,
      '--secret',
      SECRET,
      '--health',
      '/health',
      '--quiet',
    ];
    child = spawn(program, [...args, 'posix', '--sidecar', join(folder, 'sidecar'), join(folder, 'objects')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr!.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2000);
    });
    const limit = Date.now() + START_LIMIT_MS;
    for (;;) {
      const up = await fetch(`${url}/health`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (up) return;
      if (child.exitCode !== null || Date.now() > limit) throw new Error(`${program} does not start: ${said}`);
      await delay(50);
    }
  }

  async function stop(): Promise<void> {
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    child = undefined;
  }

  await start();
  return {
    url,
    env: {
      AWS_ENDPOINT_URL_S3: url,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: ACCESS,
      AWS_SECRET_ACCESS_KEY: SECRET,
    },
    start,
    stop,
    async dispose() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
