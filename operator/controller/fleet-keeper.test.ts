import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PivotError } from '../../crds/errors/fault.ts';
import { isKubeError } from '../kube/kube-error.ts';
import { startCluster } from '../kube/testing/cluster.ts';
import { createManualClock, drive } from '../kube/testing/manual-clock.ts';
import { applyFleet, readFleet } from './fleet-keeper.ts';

const MANIFEST = `
apiVersion: pivot.voice/v1alpha1
kind: PivotFleet
metadata: {name: default}
spec:
  baseDomain: sip.example.com
  numberRights: [{prefix: "+", namespaces: [acme]}]
`;

async function setUp() {
  const clock = createManualClock();
  const cluster = await startCluster(clock);
  const stop = new AbortController();
  const errors: unknown[] = [];
  const options = { api: cluster.api, onError: (error: unknown) => errors.push(error), clock, random: () => 0.5 };
  let outcome: unknown = 'pending';
  return {
    cluster,
    clock,
    stop,
    errors,
    outcome: () => outcome,
    start() {
      applyFleet(readFleet(MANIFEST, 'fleet.yaml'), options, stop.signal).then(
        () => {
          outcome = 'applied';
        },
        (error: unknown) => {
          outcome = error;
        },
      );
    },
    ended: () => drive(clock, () => outcome !== 'pending'),
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}

test('what the installation says is applied as it was written, without defaults', async () => {
  await using bench = await setUp();
  bench.start();
  await bench.ended();
  assert.equal(bench.outcome(), 'applied');
  const [request] = bench.cluster.server.requests;
  assert.equal(`${request?.method} ${request?.path}`, 'PATCH /apis/pivot.voice/v1alpha1/pivotfleets/default');
  assert.equal(request?.query.get('fieldManager'), 'pivot-installation');
  assert.deepEqual(request?.body, {
    apiVersion: 'pivot.voice/v1alpha1',
    kind: 'PivotFleet',
    metadata: { name: 'default' },
    spec: { baseDomain: 'sip.example.com', numberRights: [{ prefix: '+', namespaces: ['acme'] }] },
  });
});

test('a CRD that is not served yet, and a server that is starting, are waited for', async () => {
  await using bench = await setUp();
  const refusals = [404, 403, 500];
  bench.cluster.server.behave = () => {
    const status = refusals.shift();
    return status === undefined ? undefined : { do: 'status', code: status };
  };
  bench.start();
  await bench.ended();
  assert.equal(bench.outcome(), 'applied');
  assert.equal(bench.errors.length, 3);
});

test('a server that keeps refusing is not asked for ever', async () => {
  await using bench = await setUp();
  bench.cluster.server.behave = () => ({ do: 'status', code: 403 });
  const begun = bench.clock.monotonic();
  bench.start();
  await bench.ended();
  assert.ok(isKubeError(bench.outcome(), 'forbidden'));
  const waited = bench.clock.monotonic() - begun;
  assert.ok(waited >= 60_000 && waited < 65_000, `${waited} ms`);
});

test('a spec that the API server does not take is not tried again', async () => {
  await using bench = await setUp();
  bench.cluster.server.behave = () => ({ do: 'status', code: 422 });
  bench.start();
  await bench.ended();
  assert.ok(isKubeError(bench.outcome(), 'invalid'));
  assert.equal(bench.cluster.server.requests.length, 1);
});

test('a stop ends the waiting', async () => {
  await using bench = await setUp();
  bench.cluster.server.behave = () => ({ do: 'status', code: 500 });
  bench.start();
  await drive(bench.clock, () => bench.errors.length > 2);
  bench.stop.abort(new Error('stopped'));
  await bench.ended();
  assert.match(String(bench.outcome()), /stopped/);
});

test('a manifest that is something else, or has a fault, is refused with the place', () => {
  const refused = (text: string): string => {
    try {
      readFleet(text, 'fleet.yaml');
    } catch (error) {
      assert.ok(error instanceof PivotError);
      return error.message;
    }
    throw new Error('it was taken');
  };
  assert.match(refused(MANIFEST.replace('sip.example.com', '7')), /PV-\d+/);
  assert.match(refused('kind: Secret\napiVersion: v1\nmetadata: {name: a}\n'), /one PivotFleet is expected/);
  assert.match(refused(`${MANIFEST}---${MANIFEST.replace('name: default', 'name: other')}`), /one PivotFleet/);
});
