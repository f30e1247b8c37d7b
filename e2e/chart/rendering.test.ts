/** What the chart renders, with both majors of Helm: goldens, and rules that hold for every set of values. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { Program } from '../program.ts';
import { CHART, findHelm, type HelmName, helm } from './helm.ts';
import {
  type Container,
  find,
  GOLDEN,
  goldenOf,
  objectsOf,
  podsOf,
  type Rendered,
  render,
  SETS,
  VALUES,
} from './rendered.ts';

const found = findHelm();
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('the chart', { skip: found.ok ? false : found.hint }, () => {
  const program = (name: HelmName): string => (found.ok ? found.programs[name] : '');
  const rendered = async (set: string, ...more: readonly string[]): Promise<readonly Rendered[]> =>
    objectsOf(await render(program('helm4'), set, ...more));

  for (const name of ['helm4', 'helm3'] as const) {
    for (const set of SETS) {
      test(`${name} finds nothing to say against it with the values ${set}`, async () => {
        const { code, stdout, stderr } = await helm(program(name), [
          ...['lint', '--strict', CHART, '--values', join(VALUES, `${set}.yaml`)],
        ]);
        assert.equal(code, 0, stdout + stderr);
      });
    }
  }

  for (const set of SETS) {
    test(`the manifests of the values ${set} are the golden ones`, async () => {
      const text = await render(program('helm4'), set);
      const golden = readFileSync(join(GOLDEN, `${set}.yaml`), 'utf8');
      assert.equal(goldenOf(text), golden, 'if it is meant: node e2e/chart/update-goldens.ts');
      const byHelm3 = await render(program('helm3'), set);
      assert.deepEqual(objectsOf(goldenOf(byHelm3)), objectsOf(golden));
    });

    test(`every container of the values ${set} is as restricted as it can be`, async () => {
      const pods = podsOf(await rendered(set));
      assert.ok(pods.size >= 3);
      for (const [pod, spec] of pods) {
        assert.equal(spec.automountServiceAccountToken, false, pod);
        assert.deepEqual(spec.securityContext?.['seccompProfile'], { type: 'RuntimeDefault' }, pod);
        for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
          const { readOnlyRootFilesystem, runAsNonRoot, allowPrivilegeEscalation, capabilities } =
            container.securityContext as Record<string, unknown>;
          assert.deepEqual(
            { readOnlyRootFilesystem, runAsNonRoot, allowPrivilegeEscalation, capabilities },
            {
              readOnlyRootFilesystem: true,
              runAsNonRoot: true,
              allowPrivilegeEscalation: false,
              capabilities: { drop: ['ALL'] },
            },
            `${pod} ${container.name}`,
          );
          assert.ok(container.resources?.requests !== undefined, `${pod} ${container.name} has no requests`);
          assert.ok(container.resources.limits !== undefined, `${pod} ${container.name} has no limits`);
        }
      }
    });
  }

  test('its CRDs are those of the repository, and are kept unless said otherwise', async () => {
    const kept = (await rendered('defaults')).filter(({ kind }) => kind === 'CustomResourceDefinition');
    assert.equal(kept.length, 6);
    for (const crd of kept) {
      const source = parse(read(`crds/${crd.metadata.name.split('.')[0]}.yaml`)) as Rendered;
      assert.deepEqual(crd.spec, source.spec);
      assert.equal(crd.metadata.annotations?.['helm.sh/resource-policy'], 'keep');
    }
    const loose = (await rendered('own-secrets')).filter(({ kind }) => kind === 'CustomResourceDefinition');
    assert.deepEqual(
      loose.map(({ metadata }) => metadata.annotations),
      kept.map(() => undefined),
    );
    const without = await rendered('defaults', '--set', 'crds.enabled=false');
    assert.ok(!without.some(({ kind }) => kind === 'CustomResourceDefinition'));
  });

  test('the roles of the operator are what the operator needs and no more; workers have none', async () => {
    const objects = await rendered('defaults');
    const roles = parseAllDocuments(read('operator/controller/rbac.yaml')).map((one) => one.toJS() as Rendered);
    for (const kind of ['ClusterRole', 'Role']) {
      assert.deepEqual(
        objects.filter((one) => one.kind === kind).map(({ rules }) => rules),
        roles.filter((one) => one.kind === kind).map(({ rules }) => rules),
      );
    }
    const bindings = objects.filter(({ kind }) => kind.endsWith('RoleBinding'));
    for (const binding of bindings) {
      const { subjects } = binding as unknown as { subjects: readonly { name: string }[] };
      assert.deepEqual(
        subjects.map(({ name }) => name),
        ['pivot-operator'],
      );
    }
    const text = JSON.stringify(find(objects, 'Deployment', 'pivot-media-worker'));
    assert.match(text, /"audience":"pivot-operator"/);
    assert.doesNotMatch(text, /kubernetes\.io\/serviceaccount/);
  });

  test('every variable that it sets is one of the command', async () => {
    const commands: Readonly<Record<string, string>> = { operator: 'operator', worker: 'media-worker' };
    const help = new Map<string, string>();
    for (const command of Object.values(commands)) {
      const run = new Program(['cli/bin.js', command, '--help']);
      assert.equal(await run.ended, 0);
      help.set(command, run.lines.join('\n').replaceAll(/\s+/g, ' '));
    }
    for (const set of SETS) {
      for (const container of containersOf(await rendered(set))) {
        const command = commands[container.name];
        if (command === undefined) continue;
        for (const { name } of container.env ?? []) {
          // Standard ones, and those that others refer to.
          if (!name.startsWith('PIVOT_')) continue;
          assert.ok(help.get(command)?.includes(`env: ${name})`), `pivot ${command} has no ${name}`);
        }
      }
    }
  });

  test('drachtio-server and FreeSWITCH start before the worker, and end after it', async () => {
    const spec = podsOf(await rendered('defaults')).get('Deployment pivot-media-worker')!;
    assert.deepEqual(
      spec.initContainers?.map(({ name, restartPolicy, startupProbe }) => [
        name,
        restartPolicy,
        startupProbe !== undefined,
      ]),
      [
        ['drachtio', 'Always', true],
        ['freeswitch', 'Always', true],
      ],
    );
    assert.deepEqual(
      spec.containers.map(({ name }) => name),
      ['worker'],
    );
  });

  test('with the softswitch a worker is one container of our image', async () => {
    const objects = await rendered('try-out');
    const spec = podsOf(objects).get('Deployment pivot-media-worker')!;
    assert.equal(spec.initContainers, undefined);
    assert.deepEqual(
      spec.containers.map(({ image }) => image),
      ['pivot:0.1.0'],
    );
    assert.ok(!objects.some(({ metadata }) => metadata.name === 'pivot-media-servers'));
  });

  test('on the network of the node no two workers share one, and none starts before the old one has gone', async () => {
    const deployment = find(await rendered('own-secrets'), 'Deployment', 'voice-media-worker');
    assert.deepEqual(rollingUpdate(deployment), {
      maxSurge: 0,
      maxUnavailable: 1,
    });
    const spec = deployment.spec?.template?.spec as unknown as Record<string, unknown>;
    assert.equal(spec['hostNetwork'], true);
    assert.equal(spec['dnsPolicy'], 'ClusterFirstWithHostNet');
    assert.match(
      JSON.stringify(spec['affinity']),
      /podAntiAffinity.*requiredDuringScheduling.*kubernetes\.io\/hostname/,
    );
    const daemon = find(await rendered('host-network'), 'DaemonSet', 'pivot-media-worker');
    assert.deepEqual(rollingUpdate(daemon), {
      maxSurge: 0,
      maxUnavailable: 1,
    });
    const elsewhere = find(await rendered('defaults'), 'Deployment', 'pivot-media-worker');
    assert.deepEqual(rollingUpdate(elsewhere), {
      maxSurge: '25%',
      maxUnavailable: 0,
    });
  });

  test('a worker has ended its calls before the kubelet ends it', async () => {
    for (const set of SETS) {
      for (const [pod, spec] of podsOf(await rendered(set))) {
        const env = new Map(spec.containers[0]?.env?.map(({ name, value }) => [name, value]));
        const grace = env.get('PIVOT_GRACE');
        if (grace === undefined) continue;
        const needed = Number.parseInt(grace, 10) + Number.parseInt(env.get('PIVOT_DRAIN_DELAY')!, 10);
        assert.ok(needed + 20 <= spec.terminationGracePeriodSeconds!, `${pod}: ${needed} s`);
      }
    }
  });

  test('a new version of the chart alone moves no call', async () => {
    const pods = (objects: readonly Rendered[]): string =>
      JSON.stringify(objects.map(({ spec }) => spec?.template).filter((one) => one !== undefined));
    assert.doesNotMatch(pods(await rendered('defaults')), /helm\.sh\/chart|app\.kubernetes\.io\/version/);
  });

  test('the configuration of the media servers is well-formed and has no secret in it', async () => {
    const { data = {} } = find(await rendered('defaults'), 'ConfigMap', 'pivot-media-servers');
    const { XMLValidator } = await import('fast-xml-parser');
    for (const [file, text] of Object.entries(data)) assert.equal(XMLValidator.validate(text), true, file);
    assert.doesNotMatch(data['drachtio.conf.xml']!, /secret="/);
    assert.match(data['freeswitch.xml']!, /name="password" value="\$\$\{event_socket_password\}"/);
  });

  const refused: readonly (readonly [name: string, set: string, message: RegExp])[] = [
    ['a value that there is not', 'operator.replica=2', /replica/],
    ['a value of another kind', 'operator.replicas=two', /replicas/],
    ['a value out of bounds', 'mediaWorker.gracePeriodSeconds=5', /gracePeriodSeconds/],
    [
      'scaling of a DaemonSet',
      'mediaWorker.kind=DaemonSet,mediaWorker.autoscaling.enabled=true',
      /a DaemonSet .* cannot be scaled/,
    ],
    ['a certificate of nobody', 'tls.source=secret', /tls\.existingSecret: name the Secret/],
    ['cert-manager without an Issuer', 'tls.source=cert-manager', /tls\.certManager\.issuerRef\.name/],
    ['ports in the wrong order', 'mediaWorker.rtp.from=30000,mediaWorker.rtp.to=20000', /from must be smaller/],
  ];
  for (const [name, set, message] of refused) {
    test(`${name} is refused with words`, async () => {
      for (const major of ['helm4', 'helm3'] as const) {
        await assert.rejects(render(program(major), 'defaults', '--set', set), message);
      }
    });
  }

  test('the values are described, every one', () => {
    const schema = JSON.parse(read('charts/pivot/values.schema.json')) as Schema;
    const values = parse(read('charts/pivot/values.yaml')) as object;
    assert.deepEqual(undescribed(schema, values, ''), []);
  });
});

function containersOf(objects: readonly Rendered[]): readonly Container[] {
  return [...podsOf(objects).values()].flatMap((spec) => [...(spec.initContainers ?? []), ...spec.containers]);
}

function rollingUpdate({ spec }: Rendered): unknown {
  const strategy = (spec?.['strategy'] ?? spec?.['updateStrategy']) as { readonly rollingUpdate: unknown } | undefined;
  return strategy?.rollingUpdate;
}

interface Schema {
  readonly description?: string;
  readonly additionalProperties?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
}

function undescribed(schema: Schema | undefined, value: unknown, path: string): readonly string[] {
  if (schema?.description === undefined) return [path];
  if (schema.properties === undefined || value === null || typeof value !== 'object') return [];
  const open = schema.additionalProperties === false ? [] : [`${path} takes any name`];
  return [
    ...open,
    ...Object.entries(value).flatMap(([name, below]) =>
      undescribed(schema.properties?.[name], below, `${path}.${name}`),
    ),
  ];
}
