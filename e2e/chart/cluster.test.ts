/**
 * The chart on a real API server: its manifests are valid there; it is installed, upgraded, rolled back and uninstalled by both majors of Helm;
 * then operator and worker run as what it installed: with its ServiceAccounts, roles, certificate, settings.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { controlPlaneBinaries } from '../control-plane/binaries.ts';
import { type ControlPlane, startControlPlane } from '../control-plane/control-plane.ts';
import { freePorts } from '../control-plane/free-ports.ts';
import { Program } from '../program.ts';
import { CHART, findHelm, type HelmName, helm } from './helm.ts';
import { type Container, objectsOf, type PodSpec, render, SETS, VALUES } from './rendered.ts';

const found = await controlPlaneBinaries();
const helms = findHelm();
const skip = !found.ok ? found.hint : !helms.ok ? helms.hint : false;

const SYSTEM = 'pivot-system';
const PATIENCE_MS = 60_000;
/** Kinds that come with other software. */
const FOREIGN = ['PodMonitor', 'PrometheusRule', 'ScaledObject', 'Certificate'];

describe('the chart on a real API server', { skip }, () => {
  let plane: ControlPlane;
  const programs = helms.ok ? helms.programs : { helm4: '', helm3: '' };

  /** Each part has a cluster of its own: a CRD that is deleted can take its time. */
  function cluster(): void {
    before(async () => {
      plane = await startControlPlane(found.ok ? { binaries: found.binaries } : {});
    });
    after(() => plane?.stop());
  }

  async function kubectl(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await plane.kubectl(args);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  async function run(name: HelmName, ...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await helm(programs[name], [...args, '--namespace', SYSTEM], plane.kubeconfig);
    assert.equal(code, 0, `helm ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  async function get<T>(...what: readonly string[]): Promise<T> {
    return JSON.parse(await kubectl('get', '-n', SYSTEM, '-o', 'json', ...what)) as T;
  }

  describe('is valid', () => {
    cluster();
    before(async () => {
      await kubectl('create', 'namespace', SYSTEM);
      await kubectl('label', 'namespace', SYSTEM, 'pod-security.kubernetes.io/warn=restricted');
    });

    for (const set of SETS) {
      test(`every object of the values ${set} is taken, with no unknown field, and Pod Security says nothing`, async () => {
        const objects = objectsOf(await render(programs.helm4, set)).filter(({ kind }) => !FOREIGN.includes(kind));
        const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
        const args = ['apply', '--dry-run=server', '--validate=strict', '-n', SYSTEM, '-f', '-'];
        const { code, stdout, stderr } = await plane.kubectl(args, list);
        assert.equal(code, 0, stderr);
        assert.equal(stdout.trim().split('\n').length, objects.length);
        const spoken = stderr.split('\n').filter((line) => line.startsWith('Warning:'));
        const onTheNode = ['host-network', 'own-secrets'].includes(set);
        // The network of the node is just what that standard forbids; nothing else may be.
        const others = spoken.filter(
          (line) =>
            !(
              onTheNode &&
              /^Warning: would violate PodSecurity "restricted:latest": (host namespaces \(hostNetwork=true\)|hostPort .*)$/.test(
                line,
              )
            ),
        );
        assert.deepEqual(
          others.filter((line) => !line.includes('last-applied-configuration')),
          [],
        );
      });
    }

    test('the policy over URLs says what is wrong, and lets the rest be', async () => {
      await kubectl('apply', '--server-side', '-f', 'crds/');
      await kubectl('wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all');
      const policies = objectsOf(await render(programs.helm4, 'production')).filter(({ kind }) =>
        kind.startsWith('ValidatingAdmission'),
      );
      assert.equal(policies.length, 2);
      const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: policies });
      assert.equal((await plane.kubectl(['apply', '-f', '-'], list)).code, 0);
      const attempt = async (pivot: object): Promise<string> => {
        const { stdout, stderr } = await plane.kubectl(
          ['create', '--dry-run=server', '-f', '-'],
          JSON.stringify(callflow('a', '2000', pivot)),
        );
        return stdout + stderr;
      };
      // A policy takes effect a moment after it was made.
      await until(async () => {
        const said = await attempt({ voice_url: 'http://app.example.com/' });
        return /begin with https/.test(said) || said;
      });
      assert.match(
        await attempt({ voice_url: 'http://app.example.com/' }),
        /begin with https:\/\/: http:\/\/app\.example\.com\//,
      );
      assert.match(await attempt({ voice_url: 'https://app.example.org/' }), /in one of these domains: example\.com/);
      assert.match(await attempt({ voice_url: 'https://badexample.com/' }), /in one of these domains/);
      assert.match(
        await attempt({ voice_url: 'https://app.example.com/', fallback_url: 'http://b.example.com/' }),
        /begin with https/,
      );
      assert.match(await attempt({ voice_url: 'https://app.example.com/' }), /created/);
      assert.match(
        await attempt({ voice_url: 'https://example.com/', fallback_url: 'https://b.example.com/' }),
        /created/,
      );
    });
  });

  for (const name of ['helm4', 'helm3'] as const) {
    describe(name, () => {
      cluster();
      test(`${name} installs, upgrades, rolls back and uninstalls it; secrets stay the same, CRDs and callflows stay`, async () => {
        const secrets = async (): Promise<unknown> => {
          const { items } = await get<{ items: { metadata: { name: string }; data: object }[] }>(
            'secrets',
            '-l',
            'app.kubernetes.io/name=pivot',
          );
          return items.map(({ metadata, data }) => [metadata.name, data]);
        };
        const replicas = async (): Promise<number> =>
          (await get<{ spec: { replicas: number } }>('deployment', 'pivot-operator')).spec.replicas;

        const said = await run(name, 'install', 'pivot', CHART, '--create-namespace');
        assert.match(said, /Pivot 0\.1\.0 is installed as "pivot" in the namespace pivot-system/);
        assert.doesNotMatch(said, /rendered without a cluster/);
        await kubectl(
          'wait',
          '--for=condition=Established',
          '--timeout=60s',
          'crd',
          '-l',
          'app.kubernetes.io/name=pivot',
        );
        await until(async () => {
          const { code, stderr } = await plane.kubectl(['apply', '-f', '-'], JSON.stringify(callflow('kept', '2000')));
          return code === 0 || stderr;
        });
        const made = await secrets();
        assert.equal((made as unknown[]).length, 2);

        await run(
          name,
          'upgrade',
          'pivot',
          CHART,
          '--set',
          'operator.replicas=3',
          '--values',
          join(VALUES, 'try-out.yaml'),
          '--set',
          'softswitch.enabled=false',
        );
        assert.deepEqual(await secrets(), made);
        assert.equal(await replicas(), 3);
        await run(name, 'rollback', 'pivot', '1');
        assert.equal(await replicas(), 2);
        assert.deepEqual(await secrets(), made);
        await run(name, 'upgrade', 'pivot', CHART, '--set', 'crds.enabled=false');

        await run(name, 'uninstall', 'pivot');
        const left = await kubectl(
          'get',
          '-n',
          SYSTEM,
          '-o',
          'name',
          'deployments,services,secrets,configmaps,networkpolicies,roles,rolebindings,poddisruptionbudgets,serviceaccounts',
        );
        assert.deepEqual(
          left.split('\n').filter((one) => one.includes('pivot')),
          [],
        );
        assert.match(await kubectl('get', 'clusterroles,clusterrolebindings', '-o', 'name'), /^(?!.*pivot)/s);
        assert.match(await kubectl('get', 'pivotcallflows', '-o', 'name'), /kept/);

        // What was kept is in nobody's way.
        await run(name, 'install', 'pivot', CHART);
        await run(name, 'uninstall', 'pivot');

        // CRDs that were applied by hand are taken over when that is said.
        await kubectl('annotate', 'crd', '--all', 'meta.helm.sh/release-name-');
        const refused = await helm(programs[name], ['install', 'pivot', CHART, '-n', SYSTEM], plane.kubeconfig);
        assert.match(refused.stderr, /CustomResourceDefinition "\w+\.pivot\.voice" .*cannot be imported/);
        await run(name, 'install', 'pivot', CHART, '--take-ownership');
      });
    });
  }

  describe('what it installs runs', () => {
    cluster();
    let folder: string;
    let operator: Program;
    let worker: Program;
    let urls: { readonly operator: string; readonly worker: string; readonly stream: string; readonly sip: number };
    const account = (component: string): string => `system:serviceaccount:${SYSTEM}:pivot-${component}`;

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'pivot-chart-'));
      const values = join(folder, 'values.json');
      writeFileSync(
        values,
        JSON.stringify({ fleet: { spec: { numberRights: [{ prefix: '+1', namespaces: ['acme'] }] } } }),
      );
      await run(
        'helm4',
        'install',
        'pivot',
        CHART,
        '--create-namespace',
        '--values',
        join(VALUES, 'try-out.yaml'),
        '--values',
        values,
      );
      const { data } = await get<{ data: Readonly<Record<string, string>> }>('secret', 'pivot-stream-tls');
      for (const [file, text] of Object.entries(data)) writeFileSync(join(folder, file), Buffer.from(text, 'base64'));
      const fleet = await get<{ data: Readonly<Record<string, string>> }>('configmap', 'pivot-fleet');
      writeFileSync(join(folder, 'fleet.yaml'), fleet.data['fleet.yaml']!);
      // No kubelet makes Pods here, so the test does; the API server holds them to the standard.
      await kubectl('label', 'namespace', SYSTEM, 'pod-security.kubernetes.io/enforce=restricted');
      await pod('operator', 'pivot-operator-0');
      await pod('media-worker', 'pivot-media-worker-0');
      await kubectl('create', 'namespace', 'acme');
    });
    after(async () => {
      for (const program of [operator, worker]) program?.signal('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    });

    async function template(component: string): Promise<{ readonly metadata: object; readonly spec: PodSpec }> {
      return (
        await get<{ spec: { template: { metadata: object; spec: PodSpec } } }>('deployment', `pivot-${component}`)
      ).spec.template;
    }

    async function pod(component: string, name: string): Promise<void> {
      const { metadata, spec } = await template(component);
      const object = { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name }, spec };
      const { code, stderr } = await plane.kubectl(['create', '-n', SYSTEM, '-f', '-'], JSON.stringify(object));
      assert.equal(code, 0, stderr);
    }

    /** The environment of a container as the kubelet would set it, but for the places that are others on this machine. */
    async function environment(
      component: string,
      container: string,
      here: Readonly<Record<string, string>>,
    ): Promise<Record<string, string>> {
      const { spec } = await template(component);
      const { env = [] } = spec.containers.find(({ name }) => name === container) as Container;
      const set: Record<string, string> = {};
      for (const { name, value } of env) {
        const known = here[name] ?? value?.replaceAll(/\$\((\w+)\)/g, (_, variable: string) => set[variable] ?? '');
        assert.ok(known !== undefined, `${component} has ${name}, which this test does not know`);
        set[name] = known;
      }
      for (const name of Object.keys(here)) assert.ok(name in set, `the chart does not set ${name} for ${component}`);
      return set;
    }

    test('the operator serves, with its own account: applies the fleet, accepts a callflow', async () => {
      const env = await environment('operator', 'operator', {
        POD_NAME: 'pivot-operator-0',
        POD_NAMESPACE: SYSTEM,
        NODE_NAME: 'node',
        PIVOT_HTTP: '127.0.0.1:0',
        PIVOT_STREAM: '127.0.0.1:0',
        PIVOT_STREAM_TLS: folder,
        PIVOT_FLEET_SPEC: join(folder, 'fleet.yaml'),
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      });
      operator = new Program(
        ['cli/bin.js', 'operator', '--kubeconfig', await plane.kubeconfigOf(account('operator'))],
        { env },
      );
      const [, url = ''] = await operator.line(/^started: http (\S+) /);
      const [, stream = ''] = await operator.line(/^serving: wss:\/\/\S+:(\d+)/);
      urls = { operator: url, stream, worker: '', sip: 0 };
      await operator.line(/^ready: /);
      const { spec } = JSON.parse(await kubectl('get', 'pivotfleet', 'default', '-o', 'json')) as { spec: object };
      assert.deepEqual(spec, { numberRights: [{ prefix: '+1', namespaces: ['acme'] }] });
      const rights = [callflow('mine', '+14155550100', {}, 'acme'), callflow('theirs', '+14155550101', {}, 'default')];
      for (const one of rights) assert.equal((await plane.kubectl(['apply', '-f', '-'], JSON.stringify(one))).code, 0);
      await kubectl('wait', '-n', 'acme', '--for=condition=Accepted', '--timeout=30s', 'pivotcallflow/mine');
      await kubectl('wait', '-n', 'default', '--for=condition=Accepted=False', '--timeout=30s', 'pivotcallflow/theirs');
    });

    test('the Service of the stream finds the leader', async () => {
      const { spec } = await get<{ spec: { selector: Record<string, string> } }>('service', 'pivot-operator-stream');
      const selector = Object.entries(spec.selector)
        .map(([key, value]) => `${key}=${value}`)
        .join(',');
      await until(
        async () =>
          (await kubectl('get', 'pods', '-n', SYSTEM, '-l', selector, '-o', 'name')).trim() === 'pod/pivot-operator-0',
      );
    });

    test('a worker gets the table with the token of its Pod, and the callflow is programmed', async () => {
      const { body } = await plane.api.request(
        `/api/v1/namespaces/${SYSTEM}/serviceaccounts/pivot-media-worker/token`,
        {
          method: 'POST',
          body: {
            apiVersion: 'authentication.k8s.io/v1',
            kind: 'TokenRequest',
            spec: {
              audiences: ['pivot-operator'],
              expirationSeconds: 3600,
              boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'pivot-media-worker-0' },
            },
          },
        },
      );
      writeFileSync(join(folder, 'token'), (body as { status: { token: string } }).status.token);
      const [sip] = (await freePorts(1)) as [number];
      const env = await environment('media-worker', 'worker', {
        POD_NAME: 'pivot-media-worker-0',
        POD_NAMESPACE: SYSTEM,
        NODE_NAME: 'node',
        POD_IP: '127.0.0.1',
        HOST_IP: '127.0.0.1',
        PIVOT_OPERATOR: `wss://pivot-operator-stream.${SYSTEM}.svc:${urls.stream}`,
        PIVOT_OPERATOR_CA: join(folder, 'ca.crt'),
        PIVOT_OPERATOR_TOKEN: join(folder, 'token'),
        PIVOT_HTTP: '127.0.0.1:0',
        PIVOT_DATA: join(folder, 'data'),
        PIVOT_SOUNDS: join(folder, 'sounds'),
        PIVOT_RECORDINGS: join(folder, 'recordings'),
        PIVOT_SNAPSHOTS: join(folder, 'snapshots'),
        PIVOT_SIP: `127.0.0.1:${sip}`,
        PIVOT_RTP: '127.0.0.1:21000-21099',
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      });
      worker = new Program(['cli/bin.js', 'media-worker'], { env, node: CLUSTER_DNS });
      const [, url = ''] = await worker.line(/^started: http (\S+) /);
      urls = { ...urls, worker: url, sip };
      await worker.line(/^ready: /);
      await kubectl('wait', '-n', 'acme', '--for=condition=Programmed', '--timeout=30s', 'pivotcallflow/mine');
      await until(async () =>
        /pivot-media-worker-0/.test(
          await kubectl('get', 'pivotfleet', 'default', '-o', 'jsonpath={.status.workers[*].name}'),
        ),
      );
    });

    test('the metric by which workers are scaled is there', async () => {
      const { metric } = (
        JSON.parse(await run('helm4', 'get', 'values', 'pivot', '--all', '-o', 'json')) as {
          mediaWorker: { autoscaling: { metric: string } };
        }
      ).mediaWorker.autoscaling;
      const text = await (await fetch(`${urls.worker}/metrics`)).text();
      assert.match(text, new RegExp(`^${metric}(\\{.*\\})? 0`, 'm'));
    });

    test('what `helm test` runs finds nothing wrong', async () => {
      const manifest = await run('helm4', 'get', 'hooks', 'pivot');
      const [hook] = objectsOf(manifest);
      const [{ args, env }] = (hook!.spec as unknown as { containers: [Container] }).containers;
      const names = env?.map(({ name }) => name);
      assert.deepEqual(names, ['OPERATOR', 'STREAM', 'SIP', 'NODE_EXTRA_CA_CERTS']);
      const check = (stream: string): Program =>
        new Program(['--input-type=module', '--eval', args![0]!], {
          node: CLUSTER_DNS,
          env: {
            OPERATOR: `${urls.operator}/readyz`,
            STREAM: env!.find(({ name }) => name === 'STREAM')!.value!,
            STREAM_PORT: stream,
            SIP: `127.0.0.1:${urls.sip}`,
            NODE_EXTRA_CA_CERTS: join(folder, 'ca.crt'),
            LIMIT_MS: '2000',
          },
        });
      const good = check(urls.stream);
      assert.equal(await good.ended, 0, good.lines.join('\n'));
      assert.equal(good.lines.filter((line) => line.startsWith('ok: ')).length, 3);
      const bad = check('9');
      assert.equal(await bad.ended, 1);
      assert.match(bad.lines.join('\n'), /failed: a leader serves/);
    });

    test('a worker may do at the API server what everybody may; the operator what its roles say', async () => {
      await kubectl('create', 'serviceaccount', 'nobody', '-n', SYSTEM);
      const may = async (name: string, namespace = SYSTEM): Promise<readonly string[]> => {
        const text = await kubectl(
          'auth',
          'can-i',
          '--list',
          '--no-headers',
          '-n',
          namespace,
          '--as',
          `system:serviceaccount:${SYSTEM}:${name}`,
        );
        return text
          .trim()
          .split('\n')
          .map((line) => line.replaceAll(/\s+/g, ' '))
          .sort();
      };
      const everybody = await may('nobody');
      assert.deepEqual(await may('pivot-media-worker'), everybody);
      const operators = (await may('pivot-operator')).filter((line) => !everybody.includes(line));
      assert.ok(operators.length > 5);
      assert.doesNotMatch(operators.join('\n'), /\*/);
      const question = async (...what: readonly string[]): Promise<boolean> =>
        (await plane.kubectl(['auth', 'can-i', ...what, '--as', account('operator')])).code === 0;
      for (const no of [
        ['create', 'secrets', '-n', 'acme'],
        ['delete', 'secrets', '-n', SYSTEM],
        ['patch', 'secrets/pivot-stream-tls', '-n', SYSTEM],
        ['create', 'pods', '-n', SYSTEM],
        ['patch', 'pods', '-n', 'acme'],
        ['patch', 'pivotcallflows', '-n', 'acme'],
        ['delete', 'pivotcallflows', '-n', 'acme'],
        ['patch', 'pivotfleets/other'],
        ['create', 'clusterrolebindings'],
        ['impersonate', 'serviceaccounts', '-n', SYSTEM],
      ]) {
        assert.equal(await question(...no), false, no.join(' '));
      }
      const forbidden = operator.lines.filter((line) => line.includes('PV-2003'));
      assert.deepEqual(forbidden, []);
      const { status } = await plane.api.request('/api/v1/namespaces/default/pods', {
        token: await plane.token(account('media-worker'), 'pivot-operator'),
      });
      assert.equal(status, 401);
    });

    test('both end well', async () => {
      worker.signal('SIGTERM');
      assert.equal(await worker.ended, 0, worker.lines.join('\n'));
      operator.signal('SIGTERM');
      assert.equal(await operator.ended, 0, operator.lines.join('\n'));
    });
  });
});

/** Names of Services lead to this machine. */
const HOOK = `
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
const { lookup } = dns;
dns.lookup = (name, ...rest) => lookup(name.endsWith('.svc') ? '127.0.0.1' : name, ...rest);
syncBuiltinESMExports();
`;
const CLUSTER_DNS = ['--import', `data:text/javascript,${encodeURIComponent(HOOK)}`];

function callflow(name: string, number: string, pivot: object = {}, namespace = 'default'): object {
  return {
    apiVersion: 'pivot.voice/v1alpha1',
    kind: 'PivotCallflow',
    metadata: { name, namespace },
    spec: { numbers: [number], pivot: { voice_url: 'https://app.example.com/voice', ...pivot } },
  };
}

/** What one server has told another takes effect a moment later; there is nothing to wait for but to ask again. A text says how it is instead. */
async function until(holds: () => Promise<boolean | string>): Promise<void> {
  const limit = performance.now() + PATIENCE_MS;
  for (;;) {
    const held = await holds();
    if (held === true) return;
    if (performance.now() > limit) throw new Error(`it never came to hold: ${held}`);
    await delay(50);
  }
}
