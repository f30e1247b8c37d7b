/** The resources as the API server holds them: what it accepts, what it says of what it refuses, what `kubectl` shows. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { controlPlaneBinaries } from './control-plane/binaries.ts';
import { type ControlPlane, startControlPlane } from './control-plane/control-plane.ts';
import { CASES, type Case } from './crds-cases.ts';
import { Program } from './program.ts';

const CRDS = fileURLToPath(new URL('../crds/', import.meta.url));
const GROUP = '/apis/pivot.voice/v1alpha1';
const PLURALS: Readonly<Record<string, string>> = {
  PivotCallflow: 'pivotcallflows',
  PivotMedia: 'pivotmedia',
  PivotTrunk: 'pivottrunks',
  PivotUser: 'pivotusers',
  PivotDevice: 'pivotdevices',
  PivotFleet: 'pivotfleets',
};
const KINDS = Object.keys(PLURALS);

const found = await controlPlaneBinaries();

describe('the resources on a real API server', { skip: found.ok ? false : found.hint }, () => {
  let plane: ControlPlane;

  before(async () => {
    plane = await startControlPlane(found.ok ? { binaries: found.binaries } : {});
    const applied = await plane.kubectl(['apply', '--server-side', '-f', CRDS]);
    assert.equal(applied.code, 0, applied.stderr);
    const crds = Object.values(PLURALS).map((plural) => `crd/${plural}.pivot.voice`);
    const established = await plane.kubectl(['wait', '--for=condition=Established', '--timeout=60s', ...crds]);
    assert.equal(established.code, 0, established.stderr);
  });
  after(() => plane.stop());

  /** `kubectl`, which must succeed. */
  async function kubectl(args: readonly string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await plane.kubectl(args, input);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  describe('what is accepted and what is refused', () => {
    for (const [index, one] of CASES.entries()) {
      test(`${one.kind}: ${one.what}`, async () => {
        const { status, body } = await plane.api.request(`${pathOf(one.kind)}?dryRun=All&fieldValidation=Strict`, {
          method: 'POST',
          body: resourceOf(one, index),
        });
        const { message = '' } = body as { message?: string };
        if (one.refused === undefined) assert.equal(status, 201, message);
        else {
          assert.ok(status === 422 || status === 400, `status ${status}`);
          assert.ok(message.includes(one.refused), message);
        }
      });
    }
  });

  test('no condition of the CRDs tells of a fault', async () => {
    const list = JSON.parse(await kubectl(['get', 'crd', '-o', 'json'])) as {
      items: { metadata: { name: string }; status: { conditions: { type: string; status: string }[] } }[];
    };
    const told = list.items.map(({ metadata, status }) => [
      metadata.name,
      ...status.conditions.map((one) => `${one.type}=${one.status}`).sort(),
    ]);
    const expected = Object.values(PLURALS).map((plural) => [
      `${plural}.pivot.voice`,
      'Established=True',
      'NamesAccepted=True',
    ]);
    assert.deepEqual(told.sort(), expected.sort());
  });

  test('a callflow is kept as it was written, to the last leaf', async () => {
    const flow = {
      module: 'tts',
      data: { text: 'a', own: { deep: [1, { x: null }] } },
      children: { _: { module: 'hangup', data: { '': 0.5 } } },
    };
    const value = {
      ...resourceOf({ kind: 'PivotCallflow', what: '', spec: { numbers: ['9'], flow } }, 0),
      metadata: { name: 'kept' },
    };
    const { status, body } = await plane.api.request(pathOf('PivotCallflow'), { method: 'POST', body: value });
    assert.equal(status, 201);
    assert.deepEqual((body as { spec: unknown }).spec, { numbers: ['9'], flow });
  });

  test('defaults are not stored', async () => {
    const spec = { servers: [{ host: 'sip.example.com' }] };
    const value = { ...resourceOf({ kind: 'PivotTrunk', what: '', spec }, 0), metadata: { name: 'plain' } };
    const { body } = await plane.api.request(pathOf('PivotTrunk'), { method: 'POST', body: value });
    assert.deepEqual((body as { spec: unknown }).spec, spec);
  });

  test('the status is written apart from the spec, one condition by one', async () => {
    const path = `${pathOf('PivotCallflow')}/kept/status`;
    const apply = (manager: string, type: string, status: string): Promise<{ status: number; body: unknown }> =>
      plane.api.request(`${path}?fieldManager=${manager}&force=true`, {
        method: 'PATCH',
        contentType: 'application/apply-patch+yaml',
        body: {
          apiVersion: 'pivot.voice/v1alpha1',
          kind: 'PivotCallflow',
          metadata: { name: 'kept' },
          spec: { numbers: ['not', 'changed'] },
          status: {
            conditions: [{ type, status, reason: 'Test', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }],
          },
        },
      });
    assert.equal((await apply('one', 'Accepted', 'True')).status, 200);
    assert.equal((await apply('two', 'Programmed', 'False')).status, 200);
    const { body } = await plane.api.request(path.replace('/status', ''));
    const { spec, status } = body as { spec: { numbers: string[] }; status: { conditions: { type: string }[] } };
    assert.deepEqual(spec.numbers, ['9']);
    assert.deepEqual(status.conditions.map((one) => one.type).sort(), ['Accepted', 'Programmed']);
    assert.equal((await apply('one', 'Accepted', 'Perhaps')).status, 422);
  });

  test('kubectl get shows numbers, URL, conditions and age', async () => {
    const url = 'https://app.example.com/voice';
    const manifest = {
      ...resourceOf({ kind: 'PivotCallflow', what: '', spec: { numbers: ['7', '8'], pivot: { voice_url: url } } }, 0),
      metadata: { name: 'shown' },
    };
    await kubectl(['apply', '-f', '-'], JSON.stringify(manifest));
    const [head, ...rows] = (await kubectl(['get', 'pcf'])).trim().split('\n');
    assert.deepEqual(
      head?.split(/\s{2,}/).map((one) => one.trim()),
      ['NAME', 'NUMBERS', 'URL', 'ACCEPTED', 'PROGRAMMED', 'WEBHOOKHEALTHY', 'AGE'],
    );
    assert.match(rows.find((row) => row.startsWith('kept'))!, /^kept\s+\["9"\]\s+True\s+False\s+\d+s$/);
    assert.match(
      rows.find((row) => row.startsWith('shown'))!,
      /^shown\s+\["7","8"\]\s+https:\/\/app\.example\.com\/voice\s+\d+s$/,
    );
  });

  test('kubectl knows the short names and the category', async () => {
    for (const short of ['pcf', 'pfl', 'ptr', 'pus', 'pdv', 'pmd']) await kubectl(['get', short]);
    assert.match(await kubectl(['get', 'pivot', '-o', 'name']), /^pivotcallflow\.pivot\.voice\/kept$/m);
  });

  describe('kubectl explain has a sentence for every field', () => {
    for (const kind of KINDS) {
      test(kind, async () => {
        const path = `/openapi/v3/apis/pivot.voice/v1alpha1`;
        const { body } = await plane.api.request(path);
        const { schemas } = (body as { components: { schemas: Readonly<Record<string, OpenApiField>> } }).components;
        const schema = schemas[`voice.pivot.v1alpha1.${kind}`]!;
        const { spec, status } = schema.properties!;
        const undescribed = [...fieldsWithoutWords(spec!, 'spec'), ...fieldsWithoutWords(status!, 'status')];
        assert.deepEqual(undescribed, []);
        // And so it reaches people.
        const text = await kubectl(['explain', `${PLURALS[kind]}.spec`]);
        assert.match(text, /DESCRIPTION:\n\s+\S/);
        for (const field of Object.keys(spec!.properties!)) assert.match(text, new RegExp(`\\n  ${field}\\t`));
      });
    }
  });

  test('kubectl get -o wide shows why a callflow is not accepted, and the state of a fleet', async () => {
    const heads = async (kind: string): Promise<string> => (await kubectl(['get', kind, '-o', 'wide'])).split('\n')[0]!;
    assert.match(await heads('pcf'), /PATTERNS\s+RESOLVEDREFS\s+REASON/);
    const value = { ...resourceOf({ kind: 'PivotFleet', what: '', spec: {} }, 0), metadata: { name: 'default' } };
    await kubectl(['apply', '-f', '-'], JSON.stringify(value));
    assert.match(
      await heads('pfl'),
      /^NAME\s+WORKERS\s+READY\s+DRAINING\s+CALLS\s+TABLE\s+ACCEPTED\s+PROGRAMMED\s+AGE/,
    );
  });

  test('the last failed exchange has its place in the status of a callflow', async () => {
    const path = `${pathOf('PivotCallflow')}/shown/status`;
    const write = (lastFailure: object): Promise<{ status: number; body: unknown }> =>
      plane.api.request(path, {
        method: 'PATCH',
        contentType: 'application/merge-patch+json',
        body: { status: { lastFailure } },
      });
    const failure = {
      time: '2026-01-01T00:00:00Z',
      code: 'PV-1203',
      message: 'the web server did not answer in time',
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      link: 'https://jaeger.example.com/trace/4bf92f3577b34da6a3ce929d0e0e4736',
    };
    const { status, body } = await write(failure);
    assert.equal(status, 200);
    assert.deepEqual((body as { status: { lastFailure: object } }).status.lastFailure, failure);
    assert.equal((await write({ time: 'yesterday' })).status, 422);
  });

  test('kubectl explain tells default and limits', async () => {
    const text = await kubectl(['explain', 'pivotcallflow.spec.pivot']);
    assert.match(
      text,
      /req_timeout_ms\s+<integer>\s+Milliseconds for one attempt as a whole\. Default: 5000\. 1 to 5000\./,
    );
    assert.match(text, /ENUM:/i);
  });

  test('the examples of the documentation can be applied', async () => {
    const page = await readFile(new URL('../docs/resources.md', import.meta.url), 'utf8');
    const examples = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text!);
    assert.equal(examples.length, KINDS.length);
    await kubectl(['create', 'namespace', 'acme']);
    await kubectl(['apply', '--dry-run=server', '-f', '-'], examples.join('---\n'));
  });

  describe('"on" in YAML 1.1', () => {
    const manifest = (retries: string): string =>
      `apiVersion: pivot.voice/v1alpha1\nkind: PivotCallflow\nmetadata: {name: retries}\nspec: {numbers: ["6"], pivot: {voice_url: "https://a.example/", retries: {attempts: 1, ${retries}: [connect]}}}\n`;
    test('is true without quotes, and refused', async () => {
      const { code, stderr } = await plane.kubectl(['apply', '--dry-run=server', '-f', '-'], manifest('on'));
      assert.equal(code, 1);
      assert.match(stderr, /unknown field "spec\.pivot\.retries\.true"/);
    });
    for (const name of ['"on"', 'when']) {
      test(`${name} is taken`, async () => {
        await kubectl(['apply', '--dry-run=server', '-f', '-'], manifest(name));
      });
    }
  });
});

describe('pivot validate judges as the API server does', () => {
  let folder: string;
  let refused: ReadonlySet<string>;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pivot-crds-'));
    for (const [index, one] of CASES.entries()) {
      await writeFile(join(folder, `${index}.yaml`), JSON.stringify(resourceOf(one, index)));
    }
    const program = new Program(['cli/bin.js', 'validate', '--output', 'json', folder]);
    await program.ended;
    const rows = JSON.parse(program.lines.slice(0, program.lines.lastIndexOf(']') + 1).join('\n')) as {
      file: string;
      code: string;
      severity: string;
    }[];
    // All of them claim the same numbers, which is no fault of any.
    const errors = rows.filter((row) => row.severity === 'error' && row.code !== 'PV-1007');
    refused = new Set(errors.map((row) => row.file));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  for (const [index, one] of CASES.entries()) {
    const folderSays = one.folder ?? (one.refused === undefined ? 'valid' : 'invalid');
    test(`${one.kind}: ${one.what} is ${folderSays}`, () => {
      assert.equal(refused.has(join(folder, `${index}.yaml`)) ? 'invalid' : 'valid', folderSays);
    });
  }
});

interface OpenApiField {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, OpenApiField>>;
  readonly items?: OpenApiField;
}

function* fieldsWithoutWords(field: OpenApiField, path: string): Generator<string> {
  if (!/\S/.test(field.description ?? '')) yield path;
  for (const [name, one] of Object.entries(field.properties ?? {})) yield* fieldsWithoutWords(one, `${path}.${name}`);
  if (field.items !== undefined) yield* fieldsWithoutWords(field.items, `${path}[]`);
}

function pathOf(kind: string): string {
  return kind === 'PivotFleet' ? `${GROUP}/${PLURALS[kind]}` : `${GROUP}/namespaces/default/${PLURALS[kind]}`;
}

function resourceOf({ kind, name, spec }: Case, index: number): object {
  return { apiVersion: 'pivot.voice/v1alpha1', kind, metadata: { name: name ?? `case-${index}` }, spec };
}
