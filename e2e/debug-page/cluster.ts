import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import type { Binaries } from '../control-plane/binaries.ts';
import { type ControlPlane, startControlPlane } from '../control-plane/control-plane.ts';
import { Program } from '../program.ts';

const CRDS = fileURLToPath(new URL('../../crds/', import.meta.url));
const RBAC = fileURLToPath(new URL('../../operator/controller/rbac.yaml', import.meta.url));
const SYSTEM = 'pivot-system';
const ACCOUNT = `system:serviceaccount:${SYSTEM}:pivot-operator`;

/** A real API server with a `pivot operator` that has its rights there, and people: `ann` may read the callflows of `acme`, `eve` nothing. */
export interface OperatorCluster {
  readonly plane: ControlPlane;
  readonly program: Program;
  /** Of the operator's HTTP port. */
  readonly url: string;
  stop(): Promise<void>;
}

/** `options`: further ones of `pivot operator`. Namespaces `acme` and `globex` have the callflow `NAMESPACE-support` each, of `spec`. */
export async function startOperatorCluster(
  binaries: Binaries,
  options: readonly string[],
  spec: object,
): Promise<OperatorCluster> {
  const plane = await startControlPlane({ binaries, users: { ann: ['developers'], eve: [] } });
  const kubectl = async (...args: readonly string[]): Promise<void> => {
    const { code, stderr } = await plane.kubectl(args);
    assert.equal(code, 0, stderr);
  };
  let program: Program | undefined;
  const stop = async (): Promise<void> => {
    program?.signal('SIGKILL');
    await plane.stop();
  };
  try {
    await kubectl('apply', '--server-side', '-f', CRDS);
    await kubectl('wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all');
    for (const namespace of [SYSTEM, 'acme', 'globex']) await kubectl('create', 'namespace', namespace);
    await kubectl('create', 'serviceaccount', 'pivot-operator', '-n', SYSTEM);
    await kubectl('create', 'serviceaccount', 'dev', '-n', 'acme');
    await kubectl('apply', '-n', SYSTEM, '-f', RBAC);
    const subject = `--serviceaccount=${SYSTEM}:pivot-operator`;
    await kubectl('create', 'clusterrolebinding', 'pivot', '--clusterrole=pivot-operator', subject);
    await kubectl('create', 'rolebinding', 'pivot', '--role=pivot-operator', subject, '-n', SYSTEM);
    await kubectl('create', 'role', 'reader', '--verb=get', '--resource=pivotcallflows', '-n', 'acme');
    await kubectl('create', 'rolebinding', 'ann', '--role=reader', '--user=ann', '-n', 'acme');
    await kubectl('create', 'rolebinding', 'dev', '--role=reader', '--serviceaccount=acme:dev', '-n', 'acme');
    const items = ['acme', 'globex'].map((namespace) => ({
      apiVersion: 'pivot.voice/v1alpha1',
      kind: 'PivotCallflow',
      metadata: { name: `${namespace}-support`, namespace },
      spec: { numbers: ['2030'], ...spec },
    }));
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    const applied = await plane.kubectl(['apply', '-f', '-'], list);
    assert.equal(applied.code, 0, applied.stderr);
    program = new Program([
      ...['cli/bin.js', 'operator', '--kubeconfig', await plane.kubeconfigOf(ACCOUNT), '--namespace', SYSTEM],
      ...['--http', '127.0.0.1:0', '--stream', '127.0.0.1:0', '--stream-insecure', ...options],
    ]);
    const [, url = ''] = await program.line(/^started: http (\S+) /);
    await program.line(/^ready: /);
    return { plane, program, url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
