/**
 * Performs the steps of the Dockerfile in folders, for machines without a container engine: `node tools/image-rootfs.ts FOLDER` makes the last
 * stage's files in FOLDER and prints how the image starts. The steps are read from the Dockerfile, so there is no second recipe. What it cannot
 * show: the base images, layers, and the engine's own handling; in place of the base there are this machine's Node and C library.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join, matchesGlob } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Instruction, readDockerfile, type Stage } from './dockerfile.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

/** How the engine starts the image. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly workdir: string;
  readonly user: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Makes the file system of the image in `folder`, which must not be there yet. */
export function makeRootfs(folder: string): ImageConfig {
  const stages = readDockerfile(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'));
  const ignored = readIgnored(readFileSync(join(ROOT, '.dockerignore'), 'utf8'));
  const work = mkdtempSync(join(tmpdir(), 'pivot-image-'));
  try {
    const roots = new Map<string, string>();
    let config: ImageConfig | undefined;
    for (const [index, stage] of stages.entries()) {
      const last = index === stages.length - 1;
      const root = last ? folder : join(work, String(index));
      mkdirSync(root, { recursive: true });
      config = perform(stage, root, roots, ignored);
      if (stage.name !== undefined) roots.set(stage.name, root);
    }
    if (config === undefined) throw new Error('the Dockerfile has no stage');
    addBase(folder);
    return config;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function perform(stage: Stage, root: string, roots: ReadonlyMap<string, string>, ignored: Ignored): ImageConfig {
  let workdir = '/';
  let user = '0:0';
  let entrypoint: readonly string[] = [];
  const env: Record<string, string> = {};
  const inside = (path: string): string => join(root, path.startsWith('/') ? '/' : workdir, path);
  for (const { name, flags, words, text } of stage.instructions as readonly Instruction[]) {
    switch (name) {
      case 'WORKDIR':
        workdir = text;
        mkdirSync(inside('.'), { recursive: true });
        break;
      case 'COPY': {
        const sources = words.slice(0, -1);
        const target = words.at(-1)!;
        const from = flags.get('from');
        const base = from === undefined ? ROOT : roots.get(from);
        if (base === undefined) throw new Error(`COPY --from=${from}: there is no such stage`);
        for (const source of sources) {
          const to = target.endsWith('/') ? inside(join(target, basename(source))) : inside(target);
          const filter = (path: string): boolean => from !== undefined || !ignored(path.slice(ROOT.length));
          mkdirSync(dirname(to), { recursive: true });
          cpSync(join(base, source), to, { recursive: true, filter });
        }
        break;
      }
      case 'RUN':
        if (/(^|\s)\//.test(text))
          throw new Error(`RUN ${text}: only relative paths, so that it can be done in a folder`);
        run(text, inside('.'));
        break;
      case 'ENV': {
        const [key, value] = text.split('=', 2) as [string, string];
        env[key] = value;
        break;
      }
      case 'USER':
        user = text;
        break;
      case 'ENTRYPOINT':
        entrypoint = JSON.parse(text) as readonly string[];
        break;
      case 'EXPOSE':
        break;
      default:
        throw new Error(`${name} is not an instruction that this knows`);
    }
  }
  return { entrypoint, workdir, user, env };
}

/** As in the stage's shell, with the Node that its base would have. */
function run(command: string, cwd: string): void {
  const path = [dirname(process.execPath), process.env['PATH']].join(delimiter);
  // A package manager that runs this must not tell its own settings to the one inside.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('npm_') && name !== 'NODE_OPTIONS'),
  );
  const { status, stderr } = spawnSync('sh', ['-c', command], { cwd, env: { ...env, PATH: path }, encoding: 'utf8' });
  if (status !== 0) throw new Error(`RUN ${command} ended with ${status}:\n${stderr}`);
}

type Ignored = (path: string) => boolean;

/** The rules of a .dockerignore: the last one that fits decides; what is below a folder goes with it. */
function readIgnored(text: string): Ignored {
  const rules = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ keeps: line.startsWith('!'), pattern: line.replace(/^!/, '') }));
  const fits = (path: string, pattern: string): boolean =>
    matchesGlob(path, pattern) || (path.includes('/') && fits(dirname(path), pattern));
  return (path) => {
    let ignored = false;
    for (const { keeps, pattern } of rules) if (fits(path, pattern)) ignored = !keeps;
    return ignored;
  };
}

/** Node, the libraries that it loads, and the little that the base has besides. */
function addBase(root: string): void {
  const put = (from: string, to: string): void => {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    copyFileSync(from, join(root, to));
  };
  put(process.execPath, '/nodejs/bin/node');
  const { stdout } = spawnSync('ldd', [process.execPath], { encoding: 'utf8' });
  for (const [, library] of stdout.matchAll(/(\/\S+\.so\S*) \(0x/g)) put(library!, library!);
  // Names are looked up by libraries that are loaded when they are needed.
  for (const library of globSync('/lib/*-linux-gnu/lib{nss_dns,nss_files,resolv}.so*')) put(library, library);
  for (const folder of ['tmp', 'dev', 'proc', 'etc', 'var/lib', 'var/run'])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(
    join(root, 'etc/passwd'),
    'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n',
  );
  writeFileSync(join(root, 'etc/hosts'), '127.0.0.1 localhost\n');
}

/** Bytes of all files below a folder. */
export function sizeOf(folder: string): number {
  const files = globSync('**/*', { cwd: folder }).map((path) =>
    statSync(join(folder, path), { throwIfNoEntry: false }),
  );
  return files.reduce((sum, file) => sum + (file?.isFile() === true ? file.size : 0), 0);
}

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) {
    console.error('usage: node tools/image-rootfs.ts FOLDER');
    process.exit(2);
  }
  console.log(JSON.stringify({ ...makeRootfs(folder), bytes: sizeOf(folder) }, null, 2));
}
