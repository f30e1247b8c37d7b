/** The Tiltfile, run by a real Starlark with a stand-in for Tilt: it is the language, the calls have Tilt's parameters, and what it names is there. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findHelm, helm } from '../chart/helm.ts';
import { find, objectsOf, podsOf, type Rendered } from '../chart/rendered.ts';
import { findStarlark } from './starlark.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const starlark = findStarlark();
const helms = findHelm();
const skip = !starlark.ok ? starlark.hint : !helms.ok ? helms.hint : false;

interface Call {
  readonly function: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

describe('the Tiltfile', { skip }, () => {
  let calls: readonly Call[];
  let objects: readonly Rendered[];
  const named = (name: string): readonly Readonly<Record<string, unknown>>[] =>
    calls.filter((call) => call.function === name).map((call) => call.arguments);

  before(async () => {
    const { status, stdout, stderr } = run(readFileSync(join(ROOT, 'Tiltfile'), 'utf8'));
    assert.equal(status, 0, stderr);
    calls = JSON.parse(stdout) as readonly Call[];
    objects = (await Promise.all(named('k8s_yaml').map(({ yaml }) => manifests(yaml as Manifests)))).flat();
  });

  function run(text: string): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
    const folder = mkdtempSync(join(tmpdir(), 'pivot-tilt-'));
    try {
      const file = join(folder, 'Tiltfile.star');
      const stand = readFileSync(new URL('tilt.star', import.meta.url), 'utf8');
      writeFileSync(file, `${stand}\n${text}\nprint(json.encode(_calls))\n`);
      const { status, stdout, stderr } = spawnSync(starlark.ok ? starlark.program : '', [file], { encoding: 'utf8' });
      // Starlark prints on standard error.
      return { status, stdout: stdout + stderr, stderr };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  type Manifests =
    | { readonly blob: string }
    | { readonly chart: string; readonly name: string; readonly namespace: string; readonly set: readonly string[] };

  async function manifests(yaml: Manifests): Promise<readonly Rendered[]> {
    if ('blob' in yaml) return objectsOf(yaml.blob);
    const set = yaml.set.flatMap((one) => ['--set', one]);
    const args = ['template', yaml.name, join(ROOT, yaml.chart), '--namespace', yaml.namespace, ...set];
    const { code, stdout, stderr } = await helm(helms.ok ? helms.programs.helm4 : '', args);
    assert.equal(code, 0, stderr);
    return objectsOf(stdout);
  }

  test('every file that an image is made of is there', () => {
    const builds = named('docker_build');
    assert.deepEqual(
      builds.map(({ ref }) => ref),
      ['pivot', 'pivot-examples'],
    );
    for (const { only } of builds) {
      for (const path of only as readonly string[]) assert.ok(existsSync(join(ROOT, path)), path);
    }
    // What the Dockerfile copies must not be left out.
    const copied = [...readFileSync(join(ROOT, 'Dockerfile'), 'utf8').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(
      ([, files]) => files!.split(' '),
    );
    for (const file of copied) {
      const covered = (builds[0]!['only'] as readonly string[]).some(
        (path) => file === path || file.startsWith(`${path}/`),
      );
      assert.ok(covered, `${file} is copied by the Dockerfile`);
    }
  });

  test('every workload and object that it names is in its manifests, and every image that they name is built', () => {
    const workloads = [...podsOf(objects).keys()].map((key) => key.split(' ')[1]!);
    const known = new Set<string>(workloads);
    for (const { workload, new_name: name, objects: parts } of named('k8s_resource')) {
      if (workload !== '') assert.ok(workloads.includes(workload as string), String(workload));
      if (name !== '') known.add(name as string);
      for (const part of parts as readonly string[]) {
        const [object, kind] = part.split(':') as [string, string];
        const there = objects.some((one) => one.metadata.name === object && one.kind.toLowerCase() === kind);
        assert.ok(there, part);
      }
    }
    for (const call of [...named('k8s_resource'), ...named('local_resource')]) {
      for (const dependency of call['resource_deps'] as readonly string[]) assert.ok(known.has(dependency), dependency);
    }
    const built = named('docker_build').map(({ ref }) => ref as string);
    const images = [...podsOf(objects).values()].flatMap(({ containers }) =>
      containers.map(({ image }) => image.split(':')[0]!),
    );
    assert.deepEqual(
      [...new Set(images)].filter((image) => !built.includes(image)),
      ['jaegertracing/jaeger'],
    );
  });

  test('its callflow asks the web servers that it starts', () => {
    const { pivot } = find(objects, 'PivotCallflow', 'hello').spec as unknown as { pivot: { voice_url: string } };
    const url = new URL(pivot.voice_url);
    const service = find(objects, 'Service', url.hostname.split('.')[0]!);
    assert.deepEqual(
      (service.spec!['ports'] as readonly { port: number }[]).map(({ port }) => String(port)),
      [url.port],
    );
    assert.match(
      readFileSync(join(ROOT, 'examples/01-hello-twiml/server.ts'), 'utf8'),
      new RegExp(`path: '${url.pathname}'`),
    );
  });

  test('a mistake would be found: in the language, in a parameter, in a name', () => {
    assert.notEqual(run('k8s_yaml(').status, 0);
    assert.match(run("docker_build('a', '.', dockerfil = 'b')").stderr, /unexpected keyword argument/);
    assert.match(run('k8s_yml(blob(""))').stderr, /undefined: k8s_yml/);
  });
});
