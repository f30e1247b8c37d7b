import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiClient } from './api-client.ts';
import { type Binaries, controlPlaneBinaries } from './binaries.ts';
import { freePorts } from './free-ports.ts';
import { ServerProcess } from './server-process.ts';

export interface ControlPlaneOptions {
  /** The programs; found or built when absent, see `controlPlaneBinaries`. */
  readonly binaries?: Binaries;
  /** Users beside `admin`: groups by name. They may do what RBAC lets them, so nothing at first. */
  readonly users?: Readonly<Record<string, readonly string[]>>;
  /** Runs kube-controller-manager too: garbage collection, deletion of namespaces, default service accounts. Off unless set. */
  readonly controllers?: boolean;
  /** Further arguments of kube-apiserver. */
  readonly apiServerArgs?: readonly string[];
}

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A real etcd and a real kube-apiserver on loopback ports, with nothing in them and no nodes. */
export interface ControlPlane {
  readonly url: string;
  /** File with the certificate of the API server. */
  readonly caFile: string;
  /** File for `kubectl --kubeconfig` and client libraries: the user `admin`, who may do everything. */
  readonly kubeconfig: string;
  /** As `admin`. */
  readonly api: ApiClient;
  /**
   * A bearer token of `admin`, of one of the `users`, or of `system:serviceaccount:NAMESPACE:NAME`, which must exist; for the latter
   * `audience` may be another one than the API server.
   */
  token(user: string, audience?: string): Promise<string>;
  /** A kubeconfig file with `token(user)`. */
  kubeconfigOf(user: string): Promise<string>;
  /** Runs kubectl as `admin`. Never rejects because of the exit code. */
  kubectl(args: readonly string[], input?: string): Promise<KubectlResult>;
  readonly etcd: ServerProcess;
  readonly apiServer: ServerProcess;
  /** Undefined without `controllers`. */
  readonly controllerManager: ServerProcess | undefined;
  /** Ends everything and removes the data. */
  stop(): Promise<void>;
}

const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;
const TOKEN_SECONDS = 3600;

/** Starts a control plane; `stop` it in the end. Several may run side by side. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const binaries = options.binaries ?? (await needBinaries());
  const folder = await mkdtemp(join(tmpdir(), 'pivot-control-plane-'));
  const file = (name: string): string => join(folder, name);
  const [etcdPort, peerPort, apiPort, controllerPort] = (await freePorts(4)) as [number, number, number, number];
  const url = `https://127.0.0.1:${apiPort}`;
  const caFile = file('apiserver.crt');
  const tokens = new Map(
    ['admin', ...Object.keys(options.users ?? {})].map((user) => [user, randomBytes(24).toString('hex')]),
  );
  const api = new ApiClient(url, { caFile, token: tokens.get('admin')! });
  await writeTokens(file('tokens.csv'), tokens, { ...options.users, admin: ['system:masters'] });
  await writeServiceAccountKeys(file('service-accounts'));

  const etcd = new ServerProcess({
    name: 'etcd',
    command: binaries.etcd,
    folder,
    args: [
      `--data-dir=${file('etcd')}`,
      `--listen-client-urls=http://127.0.0.1:${etcdPort}`,
      `--advertise-client-urls=http://127.0.0.1:${etcdPort}`,
      `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
      `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
      `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
      '--unsafe-no-fsync',
      '--log-level=warn',
    ],
    ready: (signal) => answers(`http://127.0.0.1:${etcdPort}`, '/health', signal),
  });
  const apiServer = new ServerProcess({
    name: 'kube-apiserver',
    command: binaries['kube-apiserver'],
    folder,
    args: [
      `--etcd-servers=http://127.0.0.1:${etcdPort}`,
      `--cert-dir=${folder}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${apiPort}`,
      '--service-cluster-ip-range=10.0.0.0/24',
      '--allow-privileged=true',
      '--disable-admission-plugins=ServiceAccount',
      '--authorization-mode=RBAC',
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${file('service-accounts.pub')}`,
      `--service-account-signing-key-file=${file('service-accounts.key')}`,
      `--token-auth-file=${file('tokens.csv')}`,
      ...(options.apiServerArgs ?? []),
    ],
    ready: async (signal) => existsSync(caFile) && (await api.request('/readyz', { signal })).status === 200,
  });
  const controllerManager =
    options.controllers === true
      ? new ServerProcess({
          name: 'kube-controller-manager',
          command: binaries['kube-controller-manager'] ?? missing('kube-controller-manager'),
          folder,
          args: [
            `--kubeconfig=${file('admin.kubeconfig')}`,
            `--service-account-private-key-file=${file('service-accounts.key')}`,
            `--root-ca-file=${caFile}`,
            `--cert-dir=${file('controllers')}`,
            '--bind-address=127.0.0.1',
            `--secure-port=${controllerPort}`,
            '--leader-elect=false',
          ],
          ready: (signal) => answers(`https://127.0.0.1:${controllerPort}`, '/healthz', signal),
        })
      : undefined;

  const stop = async (): Promise<void> => {
    api.close();
    await controllerManager?.stop('SIGKILL');
    await apiServer.stop('SIGKILL');
    await etcd.stop('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  };

  const token = async (user: string, audience?: string): Promise<string> => {
    const known = tokens.get(user);
    if (known !== undefined) return known;
    const [, namespace, name] = SERVICE_ACCOUNT.exec(user) ?? missing(`the user ${user}`);
    const { status, body } = await api.request(`/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, {
      method: 'POST',
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds: TOKEN_SECONDS, ...(audience === undefined ? {} : { audiences: [audience] }) },
      },
    });
    if (status !== 201) throw new Error(`no token for ${user}: ${JSON.stringify(body)}`);
    return (body as { status: { token: string } }).status.token;
  };

  const kubeconfigOf = async (user: string): Promise<string> => {
    const path = file(`${user.replaceAll(/[^\w-]/g, '-')}.kubeconfig`);
    // JSON is YAML.
    await writeFile(path, JSON.stringify(kubeconfig(url, caFile, user, await token(user)), null, 2), { mode: 0o600 });
    return path;
  };

  try {
    await etcd.start();
    await apiServer.start();
    const admin = await kubeconfigOf('admin');
    await controllerManager?.start();
    return {
      url,
      caFile,
      kubeconfig: admin,
      api,
      token,
      kubeconfigOf,
      kubectl: (args, input) => run(binaries.kubectl, [`--kubeconfig=${admin}`, ...args], input),
      etcd,
      apiServer,
      controllerManager,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function needBinaries(): Promise<Binaries> {
  const found = await controlPlaneBinaries();
  if (!found.ok) throw new Error(found.hint);
  return found.binaries;
}

function missing(what: string): never {
  throw new Error(`the control plane has no ${what}`);
}

async function answers(url: string, path: string, signal: AbortSignal): Promise<boolean> {
  const client = new ApiClient(url);
  try {
    return (await client.request(path, { signal })).status === 200;
  } finally {
    client.close();
  }
}

/** `token,user,uid,"group,group"`: the format of `--token-auth-file`. */
async function writeTokens(
  path: string,
  tokens: ReadonlyMap<string, string>,
  groups: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  const lines = [...tokens].map(([user, token]) => `${token},${user},${user},"${(groups[user] ?? []).join(',')}"`);
  await writeFile(path, `${lines.join('\n')}\n`, { mode: 0o600 });
}

async function writeServiceAccountKeys(path: string): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writeFile(`${path}.key`, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
  await writeFile(`${path}.pub`, publicKey.export({ type: 'spki', format: 'pem' }));
}

function kubeconfig(url: string, caFile: string, user: string, token: string): object {
  const name = 'test';
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: url, 'certificate-authority': caFile } }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name, context: { cluster: name, user } }],
    'current-context': name,
  };
}

function run(command: string, args: readonly string[], input: string | undefined): Promise<KubectlResult> {
  return new Promise((resolve) => {
    const child = execFile(command, args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr });
    });
    child.stdin?.on('error', () => {}).end(input);
  });
}
