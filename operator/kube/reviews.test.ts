import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../runtime/clock.ts';
import { isKubeError } from './kube-error.ts';
import { reviewAccess, reviewToken } from './reviews.ts';
import { startCluster } from './testing/cluster.ts';

const { signal } = new AbortController();
const USER = {
  username: 'system:serviceaccount:voice:worker',
  uid: 'u1',
  groups: ['system:serviceaccounts'],
  extra: { 'authentication.kubernetes.io/pod-name': ['worker-7'] },
};

test('a token made for us tells whose it is', async () => {
  await using cluster = await startCluster(systemClock);
  cluster.server.review = () => ({ authenticated: true, audiences: ['operator'], user: USER });
  assert.deepEqual(await reviewToken(cluster.api, 'token', ['operator'], signal), {
    authenticated: true,
    identity: USER,
  });
  const { path, body } = cluster.server.requests[0]!;
  assert.equal(path, '/apis/authentication.k8s.io/v1/tokenreviews');
  assert.deepEqual((body as { spec: object }).spec, { token: 'token', audiences: ['operator'] });
});

test('a token that is not valid, or made for others, or of a server that ignores audiences, is refused', async () => {
  await using cluster = await startCluster(systemClock);
  for (const [status, reason] of [
    [{ authenticated: false, error: 'expired' }, 'expired'],
    [{}, 'the token is not valid'],
    [
      { authenticated: true, user: USER, audiences: ['https://kubernetes.default.svc'] },
      'the token was not made for operator',
    ],
    [{ authenticated: true, user: USER }, 'the token was not made for operator'],
  ] as const) {
    cluster.server.review = () => status;
    assert.deepEqual(await reviewToken(cluster.api, 'token', ['operator'], signal), { authenticated: false, reason });
  }
});

test('an answer without a status is an error, not a refusal', async () => {
  await using cluster = await startCluster(systemClock);
  cluster.server.behave = () => ({ do: 'garbage' });
  await assert.rejects(reviewToken(cluster.api, 'secret-token', ['operator'], signal), (error) => {
    assert.ok(isKubeError(error, 'malformed') && !error.message.includes('secret-token'));
    return true;
  });
});

test('access is allowed only where the server says so and does not deny', async () => {
  await using cluster = await startCluster(systemClock);
  const access = { verb: 'get', group: '', resource: 'secrets', namespace: 'acme' };
  for (const [status, allowed] of [
    [{ allowed: true }, true],
    [{ allowed: false, reason: 'no' }, false],
    [{ allowed: true, denied: true }, false],
    [{}, false],
  ] as const) {
    cluster.server.review = () => status;
    assert.equal((await reviewAccess(cluster.api, USER, access, signal)).allowed, allowed);
  }
});
