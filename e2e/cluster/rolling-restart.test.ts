/** What the platform team does with workers while people call: limits of the fleet, and a rollout. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createPhones, type Phones } from '../../media-worker/softswitch/phone.ts';
import { controlPlaneBinaries } from '../control-plane/binaries.ts';
import { startWeb, twiml, type Web } from '../web.ts';
import { Callers } from './callers.ts';
import { type Cluster, callflow, type RunningWorker, startCluster, until } from './cluster.ts';

const found = await controlPlaneBinaries();
const RATE = 10;
const WORKERS = ['worker-a', 'worker-b', 'worker-c'];

describe('workers of a fleet', { skip: found.ok ? false : found.hint }, () => {
  let cluster: Cluster;
  let web: Web;
  let phones: Phones;
  let front: ReadinessFront;

  before(async () => {
    if (!found.ok) return;
    [cluster, web, phones] = await Promise.all([startCluster(found.binaries), startWeb(), createPhones()]);
    await cluster.apply(fleet({}));
    await cluster.operator('operator-a');
    web.on('/five', twiml('<Play>tone_stream://%(5000,0,440);loops=1</Play>'));
    await cluster.apply(callflow('five', ['+14155550100'], `${web.url}/five`));
    front = new ReadinessFront();
    for (const name of WORKERS)
      front.add(await cluster.worker(name, { options: ['--drain-delay', '3s', '--grace', '30s'] }));
    await until(() => front.ready().length === WORKERS.length);
    await cluster.condition('five', 'Programmed', 'Programmed');
  });
  after(async () => {
    front?.stop();
    await phones?.close();
    await cluster?.stop();
    await web?.close();
  });

  function fleet(spec: object): object {
    return { apiVersion: 'pivot.voice/v1alpha1', kind: 'PivotFleet', metadata: { name: 'default' }, spec };
  }

  /** Applies a spec and waits until all workers have the table that it makes. */
  async function fleetIs(spec: object): Promise<void> {
    await cluster.apply(fleet(spec));
    await until(async () => {
      const { metadata, status } = await cluster.read('default', { namespace: '', plural: 'pivotfleets' });
      const programmed = status?.conditions?.find(({ type }) => type === 'Programmed');
      return programmed?.status === 'True' && programmed.observedGeneration === metadata.generation;
    });
  }

  test('three workers are replaced one after the other under load, and no call fails', async () => {
    const load = new Callers({ phones, targets: () => front.ready(), number: '+14155550100', perSecond: RATE });
    await until(() => load.outcomes.length > 0);
    for (const [index, old] of [...front.workers].entries()) {
      old.program.signal('SIGTERM');
      front.add(await cluster.worker(`${WORKERS[index]}-2`));
      await until(() => front.ready().length === WORKERS.length);
      assert.equal(await old.program.ended, 0);
    }
    const outcomes = await load.stop();
    assert.deepEqual(
      outcomes.filter(({ status }) => status !== 200),
      [],
    );
    assert.ok(outcomes.length > 10 * RATE, `${outcomes.length} calls`);
    assert.ok(
      outcomes.every(({ endedAt, answeredAt }) => endedAt - answeredAt > 4_000),
      'a call was cut off',
    );
  });

  test('the fleet limits calls at once, their length, and where requests go, at once and without a restart', async () => {
    const sip = front.ready()[0]!;
    await fleetIs({ limits: { callsPerWorker: 1 } });
    const first = await phones.placeCall({ number: '+14155550100', sip });
    await first.answered;
    const second = await (await phones.placeCall({ number: '+14155550100', sip })).ended;
    assert.equal(second.status, 503);
    await first.hangup();
    await fleetIs({ outgoing: { allowPrivate: true, deny: ['127.0.0.0/8'] } });
    const asked = web.requests.length;
    const refused = await phones.placeCall({ number: '+14155550100', sip });
    await refused.ended;
    assert.equal(web.requests.length, asked);
    await fleetIs({});
    const third = await phones.placeCall({ number: '+14155550100', sip });
    await third.answered;
    await third.hangup();
  });
});

/** What a load balancer does that looks at `/readyz`: only who is ready gets new calls. */
class ReadinessFront {
  readonly workers: RunningWorker[] = [];
  readonly #ready = new Map<RunningWorker, string>();
  readonly #timer = setInterval(() => void this.#look(), 500);

  add(worker: RunningWorker): void {
    this.workers.push(worker);
  }

  /** `HOST:PORT` of those that were ready when last asked. */
  ready(): readonly string[] {
    return [...this.#ready.values()];
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    for (const worker of this.workers) {
      const ready = await fetch(`${worker.http}/readyz`).then(
        ({ status }) => status === 200,
        () => false,
      );
      if (ready) this.#ready.set(worker, await worker.sip());
      else this.#ready.delete(worker);
    }
  }
}
