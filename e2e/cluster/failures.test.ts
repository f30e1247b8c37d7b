/** What fails around calls, and what callers notice of it: nothing. A caller places calls all the while; each must be answered by its own callflow. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { createPhones, type Phones } from '../../media-worker/softswitch/phone.ts';
import { controlPlaneBinaries } from '../control-plane/binaries.ts';
import { startWeb, twiml, type Web } from '../web.ts';
import type { Trouble } from './api-proxy.ts';
import { Callers, firstAnswer } from './callers.ts';
import {
  type Cluster,
  callflow,
  type RunningOperator,
  type RunningWorker,
  SYSTEM,
  startCluster,
  until,
} from './cluster.ts';

const found = await controlPlaneBinaries();
const NUMBERS = 50;
const RATE = 5;
/** How long it may take until a change is in force again after something has come back. Milliseconds. */
const RECOVERY_MS = 5_000;
/** The same after the death of a leader: the others wait 11 s before they take the Lease. Milliseconds. */
const ELECTION_MS = 15_000;
/** A side of the stream that was silent for so long counts as gone. Milliseconds. */
const SILENCE_MS = 12_000;

/** How long something goes wrong at the API server; more would cost the leader its Lease, and be the death of a leader. Milliseconds. */
const TROUBLE_MS = 5_000;
/** A leader has renewed its Lease by then. Milliseconds. */
const RENEWED_MS = 2_500;

const numberOf = (index: number): string => `+1415555${1000 + (index % NUMBERS)}`;

describe('failures around calls', { skip: found.ok ? false : found.hint }, () => {
  let cluster: Cluster;
  let web: Web;
  let phones: Phones;
  let load: Callers;
  const operators = new Map<string, RunningOperator>();
  const addresses: string[] = [];
  const misrouted: string[] = [];
  let checked = 0;
  let edits = 0;
  let worker: RunningWorker;

  before(async () => {
    if (!found.ok) return;
    [cluster, web, phones] = await Promise.all([startCluster(found.binaries), startWeb(), createPhones()]);
    await cluster.apply({
      apiVersion: 'pivot.voice/v1alpha1',
      kind: 'PivotFleet',
      metadata: { name: 'default' },
      spec: {},
    });
    const flows = Array.from({ length: NUMBERS }, (_, index) => {
      web.on(`/${index}`, (request) => {
        const to = request.parameters.get('To');
        if (to !== numberOf(index)) misrouted.push(`${to} asked /${index}`);
        return twiml('<Play>tone_stream://%(20,0,440);loops=1</Play>');
      });
      return callflow(`flow-${index}`, [numberOf(index)], `${web.url}/${index}`);
    });
    await cluster.apply(...flows);
    for (const name of ['operator-a', 'operator-b']) operators.set(name, await cluster.operator(name));
    worker = await cluster.worker('worker-a');
    addresses.push(await worker.sip(), await (await cluster.worker('worker-b')).sip());
    await cluster.condition(`flow-${NUMBERS - 1}`, 'Programmed', 'Programmed');
    load = new Callers({ phones, targets: () => addresses, number: numberOf, perSecond: RATE });
  });
  after(async () => {
    await load?.stop();
    await phones?.close();
    await cluster?.stop();
    await web?.close();
  });
  afterEach(() => {
    const outcomes = load.outcomes.slice(checked);
    checked += outcomes.length;
    assert.deepEqual(
      outcomes.filter(({ status }) => status !== 200),
      [],
      'calls were refused or lost',
    );
    assert.deepEqual(misrouted, []);
    assert.ok(outcomes.length > 0);
  });

  /** Applies a new callflow, trying until the API server takes it; resolves with the milliseconds until its first call is answered. */
  async function changeTakes(): Promise<number> {
    edits++;
    const number = `+1415556${1000 + edits}`;
    web.on(`/edit-${edits}`, twiml('<Play>tone_stream://%(20,0,440);loops=1</Play>'));
    const begun = performance.now();
    const resource = callflow(`edit-${edits}`, [number], `${web.url}/edit-${edits}`);
    await until(async () => {
      const { code } = await cluster.plane.kubectl(['apply', '-f', '-'], JSON.stringify(resource));
      return code === 0;
    });
    await Promise.all(addresses.map((sip) => firstAnswer(phones, sip, number, begun)));
    return performance.now() - begun;
  }

  async function leader(): Promise<RunningOperator> {
    let name = '';
    await until(async () => {
      name = await cluster.kubectl(
        ...['get', 'pods', '-n', SYSTEM, '-l', 'pivot.voice/leader=true'],
        ...['-o', 'jsonpath={.items[*].metadata.name}'],
      );
      return operators.get(name)?.program.running === true;
    });
    return operators.get(name)!;
  }

  const killAll = async (): Promise<void> => {
    await Promise.all([...operators.values()].map((operator) => operator.remove()));
  };
  const startAll = async (): Promise<void> => {
    for (const name of operators.keys()) operators.set(name, await cluster.operator(name));
  };

  test('the leader is killed: another takes its place', async () => {
    (await leader()).program.signal('SIGKILL');
    const took = await changeTakes();
    assert.ok(took < ELECTION_MS, `it took ${Math.round(took)} ms`);
  });

  test('the leader is stopped: another takes its place at once', async () => {
    const { program } = await leader();
    program.signal('SIGTERM');
    assert.equal(await program.ended, 0);
    const took = await changeTakes();
    assert.ok(took < RECOVERY_MS, `it took ${Math.round(took)} ms`);
  });

  test('the leader is paused until another leads, and goes on: it ends, and nobody gets an older table', async () => {
    const paused = await leader();
    const { program } = paused;
    program.signal('SIGSTOP');
    await until(async () => (await leader()) !== paused);
    program.signal('SIGCONT');
    const took = await changeTakes();
    assert.ok(took < RECOVERY_MS, `it took ${Math.round(took)} ms`);
    assert.equal(await program.ended, 1);
  });

  test('the API server is killed and comes back', async () => {
    await cluster.plane.apiServer.stop('SIGKILL');
    await delay(2_000);
    await cluster.plane.apiServer.start();
    const took = await changeTakes();
    assert.ok(took < RECOVERY_MS, `it took ${Math.round(took)} ms`);
  });

  test('the API server answers nothing for a while', async () => {
    cluster.plane.apiServer.pause();
    await delay(5_000);
    cluster.plane.apiServer.resume();
    const took = await changeTakes();
    assert.ok(took < RECOVERY_MS, `it took ${Math.round(took)} ms`);
  });

  const TROUBLES: readonly (readonly [name: string, trouble: Trouble])[] = [
    ['says 500 to everything', { kind: 'refuses', status: 500, reason: 'InternalError' }],
    ['says 429 to everything', { kind: 'refuses', status: 429, reason: 'TooManyRequests', retryAfter: 1 }],
    ['says 410 to every watch', { kind: 'refuses', status: 410, reason: 'Expired', only: 'watches' }],
    ['begins each answer 2 s late', { kind: 'slow', ms: 2_000 }],
    ['cuts every answer in its middle', { kind: 'cuts' }],
  ];
  for (const [name, trouble] of TROUBLES) {
    test(`the API server ${name}, for a while`, async () => {
      // The Lease is renewed between two troubles, else they are one.
      await delay(RENEWED_MS);
      cluster.proxy.set(trouble);
      await delay(TROUBLE_MS);
      assert.ok(cluster.proxy.met > 0, 'nobody has noticed');
      cluster.proxy.set(undefined);
      const took = await changeTakes();
      assert.ok(took < RECOVERY_MS, `it took ${Math.round(took)} ms`);
    });
  }

  test('etcd is killed and comes back', async () => {
    await cluster.plane.etcd.stop('SIGKILL');
    await delay(5_000);
    await cluster.plane.etcd.start();
    await until(async () => (await cluster.plane.kubectl(['get', 'ns'])).code === 0);
    const took = await changeTakes();
    assert.ok(took < ELECTION_MS, `it took ${Math.round(took)} ms`);
  });

  test('the network between operators and workers goes away without a word, and comes back', async () => {
    cluster.front.freeze();
    await delay(SILENCE_MS + 5_000);
    cluster.front.thaw();
    const took = await changeTakes();
    assert.ok(took < RECOVERY_MS, `it took ${Math.round(took)} ms`);
  });

  test('all operators are gone: calls go on; a worker starts again with its copy, and a new one with the snapshot Secrets', async () => {
    const name = `edit-${edits}`;
    const number = `+1415556${1000 + edits}`;
    await cluster.condition(name, 'Programmed', 'Programmed');
    const snapshots = await mountSnapshot(name);
    await killAll();

    addresses.splice(0, 1);
    worker.program.signal('SIGKILL');
    await worker.program.ended;
    worker = await cluster.worker('worker-a', { data: worker.data });
    const fresh = await cluster.worker('worker-c', { snapshots });
    for (const one of [worker, fresh]) {
      const address = await one.sip();
      await firstAnswer(phones, address, number, performance.now());
      assert.equal((await fetch(`${one.http}/readyz`)).status, 200);
      addresses.push(address);
    }
    await until(() => load.outcomes.length > checked + 3 * RATE);
    await startAll();
    const took = await changeTakes();
    assert.ok(took < ELECTION_MS, `it took ${Math.round(took)} ms`);
  });

  test('most callflows are missing when operators start: the table stays as it was until somebody says that it is meant', async () => {
    await until(async () => (await snapshotText()).includes(`edit-${edits}`));
    await killAll();
    const kept = Array.from({ length: NUMBERS }, (_, index) => `pivotcallflow/flow-${index}`).slice(5);
    await cluster.kubectl(
      'delete',
      '-n',
      'acme',
      '--wait=false',
      ...kept,
      ...Array.from({ length: edits }, (_, index) => `pivotcallflow/edit-${index + 1}`),
    );
    await startAll();
    const reason = async (): Promise<string | undefined> => {
      const { status } = await cluster.read('default', { namespace: '', plural: 'pivotfleets' });
      return status?.conditions?.find(({ type }) => type === 'Programmed')?.reason;
    };
    await until(async () => (await reason()) === 'TableRefused');
    const so = load.outcomes.length;
    await until(() => load.outcomes.length > so + NUMBERS);
    await load.stop();
    assert.deepEqual(
      load.outcomes.slice(checked).filter(({ status }) => status !== 200),
      [],
    );
    await cluster.kubectl('annotate', 'pivotfleet/default', 'pivot.voice/allow-shrink=true');
    await until(async () => (await reason()) === 'Programmed');
    const phone = await phones.placeCall({ number: numberOf(NUMBERS - 1), sip: addresses[0]! });
    assert.equal((await phone.ended).status, 404);
  });

  async function snapshotData(): Promise<Record<string, string>> {
    const { code, stdout } = await cluster.plane.kubectl([
      'get',
      'secret',
      'pivot-table-0',
      '-n',
      SYSTEM,
      '-o',
      'json',
    ]);
    return code === 0 ? (JSON.parse(stdout) as { data: Record<string, string> }).data : {};
  }

  async function snapshotText(): Promise<string> {
    const [value] = Object.values(await snapshotData());
    return value === undefined ? '' : gunzipSync(Buffer.from(value, 'base64')).toString();
  }

  /** What the kubelet does: the Secret's keys as files. */
  async function mountSnapshot(name: string): Promise<string> {
    await until(async () => (await snapshotText()).includes(name));
    const folder = join(cluster.folder, 'snapshots');
    mkdirSync(folder);
    for (const [file, value] of Object.entries(await snapshotData()))
      writeFileSync(join(folder, file), Buffer.from(value, 'base64'));
    return folder;
  }
});
