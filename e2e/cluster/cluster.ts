/** A small cluster on this machine: a real API server, and `pivot operator` and `pivot media-worker` as the processes that their pods would run. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Binaries } from '../control-plane/binaries.ts';
import { type ControlPlane, startControlPlane } from '../control-plane/control-plane.ts';
import { freePorts } from '../control-plane/free-ports.ts';
import { Program } from '../program.ts';
import { type ApiProxy, startApiProxy } from './api-proxy.ts';
import { type Front, startFront } from './front.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Certificates for 127.0.0.1. */
const TLS = join(ROOT, 'operator/kube/testing/tls');
const NAMES = fileURLToPath(new URL('cluster-names.ts', import.meta.url));
/** Until a process that has ended is started again. Milliseconds. */
const RESTART_MS = 500;
const GROUP = '/apis/pivot.voice/v1alpha1';
export const SYSTEM = 'pivot-system';
const OPERATOR = 'pivot-operator';
const WORKER = 'pivot-media-worker';
const AUDIENCE = 'pivot-operator';
const LABELS = { 'app.kubernetes.io/name': 'pivot', 'app.kubernetes.io/component': 'operator' };
/** How long something may take that takes milliseconds on a machine with nothing else to do. */
export const PATIENCE_MS = 30_000;

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
}

export interface Resource {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation: number;
  };
  readonly status?: { readonly conditions?: readonly Condition[] } & Readonly<Record<string, unknown>>;
}

/** An operator's pod: its process is started again whenever it ends, as the kubelet does. */
export interface RunningOperator {
  readonly name: string;
  /** The present process. */
  readonly program: Program;
  /** Of the present process. */
  readonly http: string;
  /** Kills the process; none follows. */
  remove(): Promise<void>;
}

export interface RunningWorker {
  readonly name: string;
  readonly program: Program;
  readonly http: string;
  /** `HOST:PORT`, once it is ready. */
  sip(): Promise<string>;
  readonly data: string;
}

export interface WorkerOptions {
  /** Further options of the command. */
  readonly options?: readonly string[];
  /** The token that it shows; its own unless given. */
  readonly token?: string;
  /** Where it keeps things; a new folder unless given. */
  readonly data?: string;
  /** Where the snapshot Secrets would be mounted. */
  readonly snapshots?: string;
}

export interface Cluster {
  readonly plane: ControlPlane;
  readonly front: Front;
  /** Between the operators and the API server. */
  readonly proxy: ApiProxy;
  readonly folder: string;
  /** Starts an operator; resolves when it has listed everything. */
  operator(name: string, options?: readonly string[]): Promise<RunningOperator>;
  /** Starts a media worker; resolves when its process is there. */
  worker(name: string, options?: WorkerOptions): Promise<RunningWorker>;
  /** A token as a pod of the media workers gets it. */
  workerToken(pod: string, account?: string, audience?: string): Promise<string>;
  /** kubectl as admin; asserts that it did well. */
  kubectl(...args: readonly string[]): Promise<string>;
  apply(...resources: readonly object[]): Promise<void>;
  read(name: string, options?: { namespace?: string; plural?: string }): Promise<Resource>;
  /** Waits for a condition of the present generation of a callflow. */
  condition(name: string, type: string, reason: string, namespace?: string): Promise<Condition>;
  /** Everything that all programs said. */
  said(): string;
  stop(): Promise<void>;
}

/** Starts the API server with CRDs, accounts and rights, and the front of the table stream; no operator and no worker yet. */
export async function startCluster(binaries: Binaries, namespaces: readonly string[] = ['acme']): Promise<Cluster> {
  const plane = await startControlPlane({ binaries });
  const folder = mkdtempSync(join(tmpdir(), 'pivot-cluster-'));
  const programs: Program[] = [];
  const streamPorts = new Map<string, number>();
  let stopped = false;

  const kubectl = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await plane.kubectl(args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const request = async (path: string, method = 'GET', body?: object): Promise<unknown> => {
    const answer = await plane.api.request(path, { method, ...(body === undefined ? {} : { body }) });
    assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const makePod = async (name: string, account: string, labels: object): Promise<{ name: string; uid: string }> => {
    await plane.api.request(`/api/v1/namespaces/${SYSTEM}/pods/${name}`, { method: 'DELETE' });
    const { metadata } = (await request(`/api/v1/namespaces/${SYSTEM}/pods`, 'POST', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: SYSTEM, labels },
      spec: { serviceAccountName: account, containers: [{ name: 'main', image: 'pivot' }] },
    })) as { metadata: { name: string; uid: string } };
    return metadata;
  };
  const workerToken = async (pod: string, account = WORKER, audience = AUDIENCE): Promise<string> => {
    const { name, uid } = await makePod(pod, account, {});
    const path = `/api/v1/namespaces/${SYSTEM}/serviceaccounts/${account}/token`;
    const { status } = (await request(path, 'POST', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: [audience], boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, uid } },
    })) as { status: { token: string } };
    return status.token;
  };

  await kubectl('apply', '--server-side', '-f', join(ROOT, 'crds'));
  await kubectl('wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all');
  for (const namespace of [SYSTEM, ...namespaces]) await kubectl('create', 'namespace', namespace);
  for (const account of [OPERATOR, WORKER]) await kubectl('create', 'serviceaccount', account, '-n', SYSTEM);
  await kubectl('apply', '-n', SYSTEM, '-f', join(ROOT, 'operator/controller/rbac.yaml'));
  const subject = `--serviceaccount=${SYSTEM}:${OPERATOR}`;
  await kubectl('create', 'clusterrolebinding', 'pivot', `--clusterrole=${OPERATOR}`, subject);
  await kubectl('create', 'rolebinding', 'pivot', `--role=${OPERATOR}`, subject, '-n', SYSTEM);
  const user = `system:serviceaccount:${SYSTEM}:${OPERATOR}`;
  await until(async () => (await plane.kubectl(['auth', 'can-i', '--as', user, 'list', 'secrets', '-A'])).code === 0);
  const proxy = await startApiProxy({ target: plane.url, targetCa: plane.caFile, tls: TLS });
  const kubeconfig = join(folder, 'operator.kubeconfig');
  writeFileSync(kubeconfig, through(proxy.url, await plane.kubeconfigOf(user)), { mode: 0o600 });
  const tls = join(folder, 'tls');
  mkdirSync(tls);
  cpSync(join(TLS, 'server.pem'), join(tls, 'tls.crt'));
  cpSync(join(TLS, 'server.key'), join(tls, 'tls.key'));

  const front = await startFront(async () => {
    const selector = encodeURIComponent('pivot.voice/leader=true');
    const { status, body } = await plane.api.request(`/api/v1/namespaces/${SYSTEM}/pods?labelSelector=${selector}`);
    if (status !== 200) return undefined;
    const [pod] = (body as { items: { metadata: { name: string } }[] }).items;
    return pod === undefined ? undefined : streamPorts.get(pod.metadata.name);
  });

  const read: Cluster['read'] = async (name, { namespace = 'acme', plural = 'pivotcallflows' } = {}) => {
    const at = namespace === '' ? '' : `/namespaces/${namespace}`;
    return (await request(`${GROUP}${at}/${plural}/${name}`)) as Resource;
  };

  return {
    plane,
    front,
    proxy,
    folder,
    kubectl,
    workerToken,
    read,
    async operator(name, options = []) {
      await makePod(name, OPERATOR, LABELS);
      const [port] = await freePorts(1);
      streamPorts.set(name, port!);
      const run = (): Program => {
        const started = new Program([
          ...['cli/bin.js', 'operator', '--kubeconfig', kubeconfig, '--namespace', SYSTEM, '--pod', name],
          ...['--http', '127.0.0.1:0', '--stream', `127.0.0.1:${port}`, '--stream-tls', tls],
          ...['--worker-account', `${SYSTEM}/${WORKER}`, '--allow-loopback-urls', ...options],
        ]);
        programs.push(started);
        void started.ended.then(async () => {
          await delay(RESTART_MS);
          if (!removed && !stopped) program = run();
        });
        return started;
      };
      let removed = false;
      let program = run();
      const [, http = ''] = await program.line(/^started: http (\S+) /);
      await program.line(/^ready: /);
      return {
        name,
        get program() {
          return program;
        },
        get http() {
          const [, url = http] =
            program.lines.map((line) => /^started: http (\S+) /.exec(line)).find((one) => one !== null) ?? [];
          return url;
        },
        async remove() {
          removed = true;
          program.signal('SIGKILL');
          await program.ended;
        },
      };
    },
    async worker(name, { options = [], token, data = mkdtempSync(join(folder, `${name}-`)), snapshots } = {}) {
      const tokenFile = join(folder, `${name}.token`);
      writeFileSync(tokenFile, token ?? (await workerToken(name)), { mode: 0o600 });
      // Below the ports that Linux gives out by itself, and apart from those of other workers.
      const from = 20_000 + 200 * Math.floor(Math.random() * 60);
      const program = new Program(
        [
          ...['cli/bin.js', 'media-worker', '--operator', front.url, '--operator-ca', join(TLS, 'ca.pem')],
          ...['--operator-token', tokenFile, '--name', name, '--data', data, '--http', '127.0.0.1:0'],
          ...['--sip', '127.0.0.1:0', '--rtp', `127.0.0.1:${from}-${from + 199}`, '--allow', '127.0.0.0/8'],
          ...['--inbound', 'open'],
          ...(snapshots === undefined ? [] : ['--snapshots', snapshots]),
          ...options,
        ],
        { node: ['--import', NAMES] },
      );
      programs.push(program);
      const [, http = ''] = await program.line(/^started: http (\S+) /);
      return {
        name,
        program,
        http,
        data,
        sip: async () => {
          const [, address = ''] = await program.line(/^ready: sip .*\budp:(\S+)/);
          return address;
        },
      };
    },
    async apply(...resources) {
      const list = { apiVersion: 'v1', kind: 'List', items: resources };
      const { code, stderr } = await plane.kubectl(['apply', '-f', '-'], JSON.stringify(list));
      assert.equal(code, 0, stderr);
    },
    async condition(name, type, reason, namespace = 'acme') {
      let last: Resource | undefined;
      const limit = performance.now() + PATIENCE_MS;
      while (performance.now() < limit) {
        last = await read(name, { namespace });
        const one = last.status?.conditions?.find((each) => each.type === type);
        if (one?.reason === reason && one.observedGeneration === last.metadata.generation) return one;
        await delay(20);
      }
      throw new Error(`${name} has no ${type} ${reason}: ${JSON.stringify(last?.status)}`);
    },
    said: () => programs.flatMap(({ lines }) => lines).join('\n'),
    async stop() {
      stopped = true;
      for (const program of programs) program.signal('SIGKILL');
      await Promise.all(programs.map(({ ended }) => ended));
      await front.close();
      await proxy.close();
      await plane.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The same kubeconfig with the proxy in place of the server. */
function through(proxy: string, path: string): string {
  const config = JSON.parse(readFileSync(path, 'utf8')) as { clusters: { cluster: Record<string, string> }[] };
  for (const { cluster } of config.clusters) {
    cluster['server'] = proxy;
    cluster['certificate-authority'] = join(TLS, 'ca.pem');
  }
  return JSON.stringify(config);
}

/** Waits until something holds; asks every few milliseconds. */
export async function until(holds: () => Promise<boolean> | boolean, limitMs = PATIENCE_MS): Promise<void> {
  const limit = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > limit) throw new Error(`it never came to hold: ${holds}`);
    await delay(20);
  }
}

/** The address of a web server of this machine as resources of the cluster may name it. */
export function inCluster(url: string): string {
  return url.replace('127.0.0.1', 'web.test');
}

/** A callflow that asks a web server. */
export function callflow(
  name: string,
  numbers: readonly string[],
  url: string,
  { namespace = 'acme', pivot = {}, spec = {} }: { namespace?: string; pivot?: object; spec?: object } = {},
): object {
  return {
    apiVersion: 'pivot.voice/v1alpha1',
    kind: 'PivotCallflow',
    metadata: { name, namespace },
    spec: { numbers, pivot: { voice_url: inCluster(url), method: 'post', req_format: 'twiml', ...pivot }, ...spec },
  };
}
