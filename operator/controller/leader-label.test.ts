import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubeError } from '../kube/kube-error.ts';
import type { AnyObject } from '../kube/objects.ts';
import { createManualClock, drive } from '../kube/testing/manual-clock.ts';
import { LEADER_LABEL, LeaderLabel } from './leader-label.ts';

/** Pods of a cluster that does server-side apply of labels with one field manager. */
function setUp(names: readonly string[], leader: string | undefined) {
  const pods = new Map(names.map((name) => [name, { uid: `uid-${name}`, leads: name === leader }]));
  const clock = createManualClock();
  const errors: unknown[] = [];
  let failures = 0;
  const object = (name: string): AnyObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'pivot-system', uid: pods.get(name)!.uid },
  });
  const label = new LeaderLabel({
    api: {
      get: async (_type, { name }) => object(name),
      async list(_type, { labelSelector }) {
        assert.equal(labelSelector, `app=operator,${LEADER_LABEL}=true`);
        return {
          items: [...pods].filter(([, { leads }]) => leads).map(([name]) => object(name)),
          resourceVersion: '1',
          next: undefined,
        };
      },
      async apply(_type, { metadata }) {
        if (failures > 0) {
          failures--;
          throw new KubeError('serverError', 'no', { status: 500 });
        }
        const pod = pods.get(metadata.name)!;
        // A Pod that was made anew under the same name is another.
        assert.equal(metadata.uid, pod.uid);
        pod.leads = (metadata as { labels?: Record<string, string> }).labels?.[LEADER_LABEL] === 'true';
        return object(metadata.name);
      },
    },
    namespace: 'pivot-system',
    pod: 'b',
    selector: 'app=operator',
    onError: (error) => errors.push(error),
    clock,
    random: () => 0.5,
  });
  const leaders = (): string[] => [...pods].filter(([, { leads }]) => leads).map(([name]) => name);
  return { label, leaders, clock, errors, fail: (times: number) => (failures = times) };
}

test('who leads has the label, and nobody else', async () => {
  const { label, leaders, clock, errors } = setUp(['a', 'b', 'c'], 'a');
  label.start();
  await drive(clock, () => leaders().join() === 'b');
  await label.stop();
  assert.deepEqual(errors, []);
});

test('it is tried until it is done', async () => {
  const { label, leaders, clock, errors, fail } = setUp(['a', 'b'], 'a');
  fail(3);
  label.start();
  await drive(clock, () => leaders().join() === 'b');
  await label.stop();
  assert.equal(errors.length, 3);
});

test('after the stop the label stays where it is', async () => {
  const { label, leaders, clock, fail } = setUp(['a', 'b'], 'a');
  fail(1000);
  label.start();
  await drive(
    clock,
    () => clock.timers > 0,
    () => 0,
  );
  await label.stop();
  assert.deepEqual(leaders(), ['a']);
  assert.equal(clock.timers, 0);
});
