/**
 * The image, as far as it can be seen without a container engine: the steps of the Dockerfile done in a folder, and started from there as the
 * kubelet starts it: another root, read-only, as the image's user, with process number 1.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { parse } from 'yaml';
import { Program } from './program.ts';

/** Bytes of what is ours in the image; the base is Node and a C library. Now 101 MB, most of it the Kubernetes client and speech. */
const APP_LIMIT = 130 * 1024 * 1024;
const LINE_LIMIT_MS = 60_000;
const isRoot = process.getuid?.() === 0;
const IN_A_ROOT_OF_ITS_OWN = { skip: isRoot ? false : 'a root of its own needs root (chroot, mount)' };

interface Config {
  readonly entrypoint: readonly string[];
  readonly workdir: string;
  readonly user: string;
  readonly env: Readonly<Record<string, string>>;
}

describe('the image', () => {
  let folder: string;
  let root: string;
  let config: Config;
  const contained: Contained[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pivot-image-test-'));
    root = join(folder, 'root');
    const build = new Program(['tools/image-rootfs.ts', root]);
    assert.equal(await build.ended, 0, build.lines.join('\n'));
    config = JSON.parse(build.lines.join('\n')) as Config;
    // Where the chart mounts volumes.
    for (const place of ['var/lib/pivot', 'etc/pivot']) mkdirSync(join(root, place), { recursive: true });
  });
  after(() => {
    for (const one of contained) one.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  test('has the code compiled, what it reads, what it depends on, and nothing else', () => {
    const files = globSync('app/**/*', { cwd: root, exclude: (name) => name === 'node_modules' });
    assert.deepEqual(
      files.filter((file) => file.endsWith('.ts') || /\.test\.|testdata|testing\//.test(file)),
      [],
    );
    for (const needed of [
      'cli/bin.js',
      'dist/cli/main.js',
      'dist/media-worker/softswitch/thread.js',
      'dist/debug/page/index.html',
    ]) {
      assert.ok(files.includes(`app/${needed}`), needed);
    }
    const packages = globSync('app/node_modules/{*,@*/*}', { cwd: root }).map((path) =>
      path.slice('app/node_modules/'.length),
    );
    const { dependencies, devDependencies } = JSON.parse(
      readFileSync(join(root, 'app/package.json'), 'utf8'),
    ) as Record<string, object>;
    for (const name of Object.keys(dependencies!)) assert.equal(packages.includes(name), name !== 'node', name);
    for (const name of [
      'typescript',
      '@biomejs/biome',
      'npm',
      ...Object.keys(devDependencies!).filter((one) => one.startsWith('playwright')),
    ]) {
      assert.ok(!packages.includes(name), name);
    }
    assert.ok(globSync('**/{npm,npx,yarn,pnpm,sh,bash,apt}', { cwd: join(root, 'nodejs') }).length === 0);
    const bytes = globSync('app/**/*', { cwd: root }).reduce((sum, file) => {
      const { size } = statSync(join(root, file), { throwIfNoEntry: false }) ?? { size: 0 };
      return sum + size;
    }, 0);
    assert.ok(bytes < APP_LIMIT, `${Math.round(bytes / 1024 / 1024)} MB`);
  });

  test('runs as the user that the chart says, by number', () => {
    assert.equal(config.user, '65532:65532');
    const helpers = readFileSync(new URL('../charts/pivot/templates/_helpers.tpl', import.meta.url), 'utf8');
    assert.match(helpers, /runAsUser: 65532\nrunAsGroup: 65532/);
    assert.deepEqual(config.entrypoint, ['/nodejs/bin/node', '/app/cli/bin.js']);
  });

  /** As the kubelet would start a container of the image. */
  const start = (...args: readonly string[]): Contained => contain([...config.entrypoint, ...args]);

  function contain(started: readonly string[]): Contained {
    const script = [
      'mount --bind "$0" "$0"',
      'mount -t tmpfs -o mode=1777 tmpfs "$0/tmp"',
      'mount -t tmpfs -o uid=65532,gid=65532,mode=0770 tmpfs "$0/var/lib/pivot"',
      'mount --rbind /dev "$0/dev"',
      'mount -t proc proc "$0/proc"',
      'mount -o remount,bind,ro "$0"',
      'user=$1; shift',
      'cd /',
      'exec chroot --userspec="$user" --groups= "$0" "$@"',
    ].join(' && ');
    const { env, user } = config;
    const inside = ['sh', '-c', script, root, user, ...started];
    const command = ['--mount', '--pid', '--fork', '--kill-child', ...inside];
    const one = new Contained(spawn('unshare', command, { env, stdio: ['ignore', 'pipe', 'pipe'] }));
    contained.push(one);
    return one;
  }

  test('says its version and its options', IN_A_ROOT_OF_ITS_OWN, async () => {
    const version = start('--version');
    assert.equal(await version.ended, 0, version.lines.join('\n'));
    const { version: expected } = parse(readFileSync(join(root, 'app/package.json'), 'utf8')) as { version: string };
    assert.deepEqual(version.lines, [expected]);
    for (const command of ['operator', 'media-worker']) {
      const help = start(command, '--help');
      assert.equal(await help.ended, 0);
      assert.match(help.lines.join('\n'), new RegExp(`Usage: pivot ${command}`));
    }
  });

  test('cannot write to its root', IN_A_ROOT_OF_ITS_OWN, async () => {
    const program = "require('node:fs').writeFileSync('/app/written', '')";
    const attempt = contain(['/nodejs/bin/node', '--eval', program]);
    assert.notEqual(await attempt.ended, 0);
    assert.match(attempt.lines.join('\n'), /EROFS/);
  });

  test(
    'a worker starts, waits for its operator, and ends at SIGTERM though it is process number 1',
    IN_A_ROOT_OF_ITS_OWN,
    async () => {
      const worker = start(
        ...[
          'media-worker',
          '--operator',
          'ws://127.0.0.1:9',
          '--data',
          '/var/lib/pivot',
          '--http',
          '127.0.0.1:0',
          '--name',
          'w',
        ],
        ...['--sip', '127.0.0.1:0', '--rtp', '127.0.0.1:22000-22099', '--drain-delay', '1ms', '--grace', '1s'],
      );
      const [, url = ''] = await worker.line(/^started: http (\S+) /);
      await worker.line(/^not ready: .*no routing table/);
      assert.equal((await fetch(`${url}/healthz`)).status, 200);
      assert.equal((await fetch(`${url}/readyz`)).status, 503);
      worker.signal('SIGTERM');
      assert.equal(await worker.ended, 0, worker.lines.join('\n'));
    },
  );

  test(
    'takes a call, asks a web server and speaks: threads, speech and pages are found from the compiled code',
    IN_A_ROOT_OF_ITS_OWN,
    async () => {
      const web: Server = createServer((_, response) =>
        response.end('<Response><Say>Hello from the image.</Say></Response>'),
      );
      web.unref();
      await once(web.listen(0, '127.0.0.1'), 'listening');
      const { port } = web.address() as AddressInfo;
      const pivot = { voice_url: `http://127.0.0.1:${port}/`, method: 'post', req_format: 'twiml' };
      const manifest = {
        apiVersion: 'pivot.voice/v1alpha1',
        kind: 'PivotCallflow',
        metadata: { name: 'hello' },
        spec: { numbers: ['2000'], pivot },
      };
      writeFileSync(join(root, 'etc/pivot/hello.yaml'), JSON.stringify(manifest));
      const up = start(
        'up',
        '/etc/pivot',
        '--data',
        '/var/lib/pivot',
        '--sip',
        '127.0.0.1:0',
        '--http',
        '127.0.0.1:0',
        '--rtp',
        '127.0.0.1:22100-22199',
      );
      const [, sip = '', url = ''] = await up.line(/^ready: sip .*udp:(\S+) http (\S+)/);
      assert.match(await (await fetch(`${url}/`)).text(), /<html/i);
      const call = new Program(['cli/bin.js', 'call', '2000', '--sip', sip, '--output', 'json']);
      assert.equal(await call.ended, 0, [...call.lines, ...up.lines].join('\n'));
      const { answered, heardMs, said } = JSON.parse(call.lines.join('\n')) as {
        answered: boolean;
        heardMs: number;
        said: string[];
      };
      assert.equal(answered, true);
      assert.ok(heardMs > 500, `${heardMs} ms`);
      assert.deepEqual(said, ['Hello from the image.']);
      up.signal('SIGTERM');
      assert.equal(await up.ended, 0, up.lines.join('\n'));
      web.close();
    },
  );
});

/** A process with number 1 in a name space of its own. */
class Contained {
  readonly #child: ChildProcess;
  readonly lines: string[] = [];
  readonly ended: Promise<number | null>;
  #told = Promise.withResolvers<void>();

  constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.lines.push(line);
        this.#tell();
      });
    }
    this.ended = once(child, 'close').then(([code]) => {
      this.#tell();
      return code as number | null;
    });
  }

  async line(pattern: RegExp): Promise<RegExpExecArray> {
    const limit = AbortSignal.timeout(LINE_LIMIT_MS);
    limit.addEventListener('abort', () => this.#tell());
    for (;;) {
      for (const line of this.lines) {
        const match = pattern.exec(line);
        if (match !== null) return match;
      }
      if (limit.aborted || this.#child.exitCode !== null)
        throw new Error(`no line like ${pattern}:\n${this.lines.join('\n')}`);
      await this.#told.promise;
    }
  }

  /** To the process within: `unshare` itself has another number, and passes nothing on. */
  signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    const [inner] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    process.kill(Number(inner), signal);
  }

  /** With what it has started: that is what `--kill-child` is for. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #tell(): void {
    this.#told.resolve();
    this.#told = Promise.withResolvers<void>();
  }
}
