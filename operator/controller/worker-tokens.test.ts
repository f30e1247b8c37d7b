import assert from 'node:assert/strict';
import { test } from 'node:test';
import { streamCodes } from '../../crds/errors/stream.ts';
import { createManualClock } from '../kube/testing/manual-clock.ts';
import { createWorkerTokens } from './worker-tokens.ts';

const { signal } = new AbortController();
const WORKER = 'system:serviceaccount:pivot-system:pivot-media-worker';

function tokens(answer: (token: string) => Record<string, unknown>) {
  const asked: string[] = [];
  const clock = createManualClock();
  const authenticate = createWorkerTokens({
    api: {
      async ask(_type, spec) {
        const { token } = spec as { token: string };
        asked.push(token);
        return answer(token);
      },
    },
    audience: 'pivot-operator',
    account: { namespace: 'pivot-system', name: 'pivot-media-worker' },
    clock,
  });
  return { authenticate, asked, clock };
}

function review(username: string, extra: object = { 'authentication.kubernetes.io/pod-name': ['worker-7'] }) {
  return { authenticated: true, audiences: ['pivot-operator'], user: { username, uid: '1', groups: [], extra } };
}

test('the worker is the Pod that its token is bound to', async () => {
  const { authenticate } = tokens(() => review(WORKER));
  assert.deepEqual(await authenticate('t', signal), { worker: 'worker-7' });
});

test('a verdict is remembered for a minute, for that token alone; a refusal is not', async () => {
  const { authenticate, asked, clock } = tokens((token) => (token === 'bad' ? {} : review(WORKER)));
  await authenticate('a', signal);
  await authenticate('a', signal);
  await authenticate('b', signal);
  assert.deepEqual(asked, ['a', 'b']);
  clock.advance(60_000);
  await authenticate('a', signal);
  assert.deepEqual(asked, ['a', 'b', 'a']);
  await authenticate('bad', signal);
  await authenticate('bad', signal);
  assert.deepEqual(asked.slice(3), ['bad', 'bad']);
});

const REFUSED: Readonly<Record<string, readonly [answer: Record<string, unknown>, message: RegExp]>> = {
  'that is not valid': [{ authenticated: false, error: 'expired' }, /the token is refused: expired/],
  'of another account': [review('system:serviceaccount:acme:default'), /is of system:serviceaccount:acme:default/],
  'of the account of the same name in another namespace': [
    review('system:serviceaccount:acme:pivot-media-worker'),
    /workers run as system:serviceaccount:pivot-system:pivot-media-worker/,
  ],
  'that is bound to no Pod': [review(WORKER, {}), /not bound to a Pod/],
  'that is bound to a Pod without a name': [
    review(WORKER, { 'authentication.kubernetes.io/pod-name': [''] }),
    /not bound to a Pod/,
  ],
};
for (const [name, [answer, message]] of Object.entries(REFUSED)) {
  test(`a token ${name} is refused, with a code and without the token`, async () => {
    const { authenticate } = tokens(() => answer);
    const verdict = await authenticate('secret-token', signal);
    assert.ok('code' in verdict);
    assert.equal(verdict.code, streamCodes.unauthorized.code);
    assert.match(verdict.message, message);
    assert.doesNotMatch(JSON.stringify(verdict), /secret-token/);
  });
}
