/** The control plane that other tests stand on does what they rely on. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { controlPlaneBinaries } from './binaries.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';

const found = await controlPlaneBinaries();
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

describe('a control plane', { skip: found.ok ? false : found.hint }, () => {
  let plane: ControlPlane;

  const names = async (): Promise<string[]> => {
    const { body } = await plane.api.request(CONFIG_MAPS);
    return (body as { items: { metadata: { name: string } }[] }).items.map((one) => one.metadata.name);
  };
  const make = async (name: string): Promise<number> =>
    (await plane.api.request(CONFIG_MAPS, { method: 'POST', body: { metadata: { name } } })).status;

  before(async () => {
    plane = await startControlPlane({
      ...(found.ok ? { binaries: found.binaries } : {}),
      users: { ann: ['developers'] },
      controllers: found.ok && found.binaries['kube-controller-manager'] !== undefined,
    });
  });
  after(() => plane.stop());

  test('lets admin do everything, and other users what RBAC says', async () => {
    assert.equal(await make('first'), 201);
    const token = await plane.token('ann');
    assert.equal((await plane.api.request(CONFIG_MAPS, { token })).status, 403);
    await plane.kubectl(['create', 'role', 'reader', '--verb=list', '--resource=configmaps']);
    await plane.kubectl(['create', 'rolebinding', 'ann', '--role=reader', '--group=developers']);
    await until(async () => (await plane.api.request(CONFIG_MAPS, { token })).status === 200);
    assert.equal((await plane.api.request(CONFIG_MAPS, { token: 'wrong' })).status, 401);
  });

  test('gives tokens of service accounts, for any audience', async () => {
    await plane.kubectl(['create', 'serviceaccount', 'worker']);
    const user = 'system:serviceaccount:default:worker';
    const review = async (token: string, audience: string): Promise<object> => {
      const { body } = await plane.api.request('/apis/authentication.k8s.io/v1/tokenreviews', {
        method: 'POST',
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences: [audience] } },
      });
      const { authenticated = false, user: who } = (
        body as { status: { authenticated?: boolean; user?: { username?: string } } }
      ).status;
      return { authenticated, username: who?.username };
    };
    const token = await plane.token(user, 'pivot-operator');
    assert.deepEqual(await review(token, 'pivot-operator'), { authenticated: true, username: user });
    assert.deepEqual(await review(token, 'another'), { authenticated: false, username: undefined });
    assert.equal((await plane.api.request(CONFIG_MAPS, { token })).status, 401);
    assert.equal((await plane.api.request(CONFIG_MAPS, { token: await plane.token(user) })).status, 403);
  });

  test('gives a kubeconfig for each user', async () => {
    const { stdout } = await plane.kubectl([
      '--kubeconfig',
      await plane.kubeconfigOf('ann'),
      'auth',
      'whoami',
      '-o',
      'name',
    ]);
    assert.match(stdout, /selfsubjectreview/);
  });

  test('keeps its data and its address when the API server is killed and started again', async () => {
    await plane.apiServer.restart('SIGKILL');
    assert.ok((await names()).includes('first'));
  });

  test('answers again when etcd was gone', async () => {
    await plane.etcd.stop('SIGKILL');
    const failed = await plane.api.request(`${CONFIG_MAPS}?timeout=1s`, { signal: AbortSignal.timeout(3000) }).then(
      ({ status }) => status >= 500,
      () => true,
    );
    assert.ok(failed);
    await plane.etcd.start();
    await until(async () => (await make('second')) === 201);
    assert.deepEqual((await names()).filter((name) => !name.startsWith('kube-')).sort(), ['first', 'second']);
  });

  test('answers nothing while the API server is paused', async () => {
    plane.apiServer.pause();
    await assert.rejects(plane.api.request(CONFIG_MAPS, { signal: AbortSignal.timeout(300) }));
    plane.apiServer.resume();
    assert.ok((await names()).includes('first'));
  });

  test('deletes what a namespace held, with controllers', {
    skip: !found.ok || found.binaries['kube-controller-manager'] === undefined,
  }, async () => {
    await plane.kubectl(['create', 'namespace', 'gone']);
    await plane.kubectl(['create', 'configmap', 'a', '--namespace=gone']);
    const { code, stderr } = await plane.kubectl(['delete', 'namespace', 'gone', '--timeout=60s']);
    assert.equal(code, 0, stderr);
  });

  test('leaves nothing behind', async () => {
    const other = await startControlPlane(found.ok ? { binaries: found.binaries } : {});
    assert.notEqual(other.url, plane.url);
    await other.stop();
    assert.ok(!existsSync(dirname(other.kubeconfig)));
    await assert.rejects(other.api.request('/readyz'));
  });
});

/** What one server has told another takes effect a moment later; there is nothing to wait for but to ask again. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  const limit = AbortSignal.timeout(30_000);
  while (!(await holds())) {
    limit.throwIfAborted();
    await delay(50);
  }
}
