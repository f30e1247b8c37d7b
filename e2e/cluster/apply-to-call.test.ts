/** From `kubectl apply` to calls, with all processes of a cluster on this machine. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { createPhones, type Phones } from '../../media-worker/softswitch/phone.ts';
import { controlPlaneBinaries } from '../control-plane/binaries.ts';
import { undocumented } from '../documented-metrics.ts';
import { startWeb, twiml, type Web, type WebRequest } from '../web.ts';
import { Callers } from './callers.ts';
import {
  type Cluster,
  callflow,
  inCluster,
  type RunningOperator,
  type RunningWorker,
  SYSTEM,
  startCluster,
  until,
} from './cluster.ts';
import { StubbornWorker } from './stubborn-worker.ts';

const found = await controlPlaneBinaries();
/** Answered and over at once. */
const ANSWER = twiml('<Play>tone_stream://%(20,0,440);loops=1</Play>');
const RATE = 20;

describe('from kubectl apply to calls', { skip: found.ok ? false : found.hint }, () => {
  let cluster: Cluster;
  let web: Web;
  let phones: Phones;
  let operators: RunningOperator[];
  let workers: RunningWorker[];
  let addresses: string[];

  before(async () => {
    if (!found.ok) return;
    const started = [startCluster(found.binaries, ['acme', 'globex']), startWeb(), createPhones()] as const;
    [cluster, web, phones] = await Promise.all(started);
    for (const path of ['/voice', '/old', '/new', '/acme', '/globex', '/signed']) web.on(path, ANSWER);
    await cluster.apply({
      apiVersion: 'pivot.voice/v1alpha1',
      kind: 'PivotFleet',
      metadata: { name: 'default' },
      spec: {},
    });
    operators = [await cluster.operator('operator-a'), await cluster.operator('operator-b')];
    workers = [await cluster.worker('worker-a'), await cluster.worker('worker-b')];
    addresses = await Promise.all(workers.map((worker) => worker.sip()));
  });
  after(async () => {
    await phones?.close();
    await cluster?.stop();
    await web?.close();
  });

  /** The final status; who answers is hung up on. */
  async function call(number: string, sip = addresses[0]!): Promise<number> {
    const phone = await phones.placeCall({ number, sip });
    const answered = await phone.answered.then(
      () => true,
      () => false,
    );
    const end = await (answered ? phone.hangup() : phone.ended);
    return answered ? 200 : (end.status ?? 0);
  }
  const callers = (number: string): Callers =>
    new Callers({ phones, targets: () => addresses, number, perSecond: RATE });
  const askedAt = (path: string): readonly WebRequest[] => web.requests.filter((request) => request.path === path);

  test('a callflow that is applied is in force on every worker, and kubectl says so', async () => {
    await cluster.apply(callflow('support', ['+14155550100', '2030'], `${web.url}/voice`));
    await cluster.kubectl('wait', '-n', 'acme', '--for=condition=Programmed', '--timeout=30s', 'pivotcallflow/support');
    assert.equal((await cluster.condition('support', 'Programmed', 'Programmed')).status, 'True');
    for (const address of addresses) {
      const asked = web.request('/voice');
      assert.equal(await call('+14155550100', address), 200);
      const { parameters } = await asked;
      assert.equal(parameters.get('To'), '+14155550100');
      assert.equal(parameters.get('AccountSid'), 'acme');
    }
    assert.match(
      await cluster.kubectl('get', 'pivotcallflows', '-n', 'acme'),
      /support +.*\+14155550100.*http:\/\/web\.test:\d+\/voice +True +True/,
    );
  });

  test('the status of the fleet shows workers, calls and the table', async () => {
    await until(async () => {
      const { status } = await cluster.read('default', { namespace: '', plural: 'pivotfleets' });
      return (status?.['counts'] as { ready: number } | undefined)?.ready === 2;
    });
    const { status } = await cluster.read('default', { namespace: '', plural: 'pivotfleets' });
    assert.deepEqual(
      ((status?.['workers'] ?? []) as { name: string; ready: boolean }[]).map(({ name, ready }) => [name, ready]),
      [
        ['worker-a', true],
        ['worker-b', true],
      ],
    );
    assert.match(await cluster.kubectl('get', 'pivotfleet'), /default +2 +2 +0 +\d+ +[0-9a-f]{16}/);
  });

  test('an edit takes effect without a gap: each call is answered by the one or the other', async () => {
    const flow = (path: string): object => callflow('edited', ['+14155550101'], `${web.url}${path}`);
    await cluster.apply(flow('/old'));
    await cluster.condition('edited', 'Programmed', 'Programmed');
    const load = callers('+14155550101');
    await until(() => askedAt('/old').length > RATE / 2);
    await cluster.apply(flow('/new'));
    await cluster.condition('edited', 'Programmed', 'Programmed');
    const programmed = performance.now();
    const before = askedAt('/old').length;
    await until(() => askedAt('/new').length > RATE / 2);
    assert.ok(performance.now() - programmed < 5000);
    const outcomes = await load.stop();
    assert.deepEqual(
      outcomes.filter(({ status }) => status !== 200),
      [],
    );
    assert.ok(askedAt('/old').length - before <= 2, 'Programmed was said while workers still had the old generation');
  });

  test('a number goes from the one that is deleted to the one that wanted it too, without a gap', async () => {
    await cluster.apply(callflow('winner', ['+14155550102'], `${web.url}/globex`, { namespace: 'globex' }));
    await cluster.condition('winner', 'Programmed', 'Programmed', 'globex');
    await delay(1100); // creationTimestamp counts whole seconds.
    await cluster.apply(callflow('loser', ['+14155550102'], `${web.url}/acme`));
    const conflict = await cluster.condition('loser', 'Accepted', 'NumberConflict');
    assert.match(conflict.message, /\+14155550102 belongs to globex\/winner/);
    const load = callers('+14155550102');
    await until(() => askedAt('/globex').length > RATE / 2);
    assert.equal(askedAt('/acme').length, 0);
    await cluster.kubectl('delete', '-n', 'globex', 'pivotcallflow/winner', '--wait=false');
    await cluster.condition('loser', 'Accepted', 'Accepted');
    await until(() => askedAt('/acme').length > RATE / 2);
    const outcomes = await load.stop();
    assert.deepEqual(
      outcomes.filter(({ status }) => status !== 200),
      [],
    );
  });

  test('a call in progress keeps its flow when the callflow is deleted; the next one is refused with 404', async () => {
    web.on('/long', twiml('<Gather timeout="30" numDigits="1" action="/after"/>'));
    web.on('/after', twiml('<Play>tone_stream://%(1000,0,440);loops=1</Play>'));
    await cluster.apply(callflow('deleted', ['+14155550103'], `${web.url}/long`));
    await cluster.condition('deleted', 'Programmed', 'Programmed');
    const asked = web.request('/long');
    const phone = await phones.placeCall({ number: '+14155550103', sip: addresses[0]! });
    await phone.answered;
    await asked;
    await cluster.kubectl('delete', '-n', 'acme', 'pivotcallflow/deleted', '--wait=false');
    await until(async () => (await call('+14155550103', addresses[0])) === 404);
    const after = web.request('/after');
    await phone.press('7');
    assert.equal((await after).parameters.get('Digits'), '7');
    assert.equal((await phone.ended).by, 'remote');
  });

  test('a Secret that is rotated signs the next request; one that is missing is told, and the call follows the failure policy', async () => {
    const secret = (value: string): object => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'app', namespace: 'acme' },
      stringData: { hmac: value },
    });
    await cluster.apply(secret('hush-hush-one'));
    await cluster.apply(
      callflow('signed', ['+14155550104'], `${web.url}/signed`, {
        pivot: { signing: { secretRef: { name: 'app', key: 'hmac' } } },
        spec: { failback: { module: 'response', data: { code: 480, message: 'No answer' } } },
      }),
    );
    await cluster.condition('signed', 'Programmed', 'Programmed');
    const signedWith = async (key: string): Promise<boolean> => {
      const asked = web.request('/signed');
      assert.equal(await call('+14155550104'), 200);
      const request = await asked;
      return isSigned(request, inCluster(`${web.url}/signed`), key);
    };
    assert.ok(await signedWith('hush-hush-one'));
    await cluster.apply(secret('hush-hush-two'));
    await until(() => signedWith('hush-hush-two'));
    await cluster.kubectl('delete', 'secret', 'app', '-n', 'acme');
    const missing = await cluster.condition('signed', 'ResolvedRefs', 'SecretNotFound');
    assert.match(missing.message, /PV-10\d\d .*"app"/);
    await until(async () => (await call('+14155550104')) === 480);
    const before = askedAt('/signed').length;
    assert.equal(await call('+14155550104'), 480);
    assert.equal(askedAt('/signed').length, before, 'nothing is sent that is not signed');
    await cluster.apply(secret('hush-hush-three'));
    await until(async () => (await call('+14155550104')) === 200);

    const scrapes = await Promise.all(
      [...operators, ...workers].map(async ({ http }) => (await fetch(`${http}/metrics`)).text()),
    );
    for (const scrape of scrapes) assert.deepEqual(undocumented(scrape), []);
    const everything = [
      cluster.said(),
      await cluster.kubectl('get', 'pivotcallflows,pivotfleets,events,pods', '-A', '-o', 'yaml'),
      ...scrapes,
      ...workers.flatMap(({ data }) => filesIn(data)),
    ];
    for (const text of everything) assert.doesNotMatch(text, /hush-hush/);
  });

  test('the table is kept in Secrets for new workers, without values of Secrets', async () => {
    await until(async () => {
      const { code, stdout } = await cluster.plane.kubectl([
        'get',
        'secret',
        'pivot-table-0',
        '-n',
        SYSTEM,
        '-o',
        'json',
      ]);
      if (code !== 0) return false;
      const { data } = JSON.parse(stdout) as { data: Record<string, string> };
      const [[name = '', value = ''] = []] = Object.entries(data);
      assert.match(name, /^[0-9a-f]{16}\.0\.1\.gz$/);
      const text = gunzipSync(Buffer.from(value, 'base64')).toString();
      assert.doesNotMatch(text, /hush-hush/);
      return text.includes('+14155550104');
    });
  });

  test('who is no media worker of this cluster is not let in, and is told why', async () => {
    const strangers = [
      {
        name: 'wrong-account',
        token: await cluster.workerToken('wrong-account', 'pivot-operator'),
        why: /PV-2102 .*pivot-operator/,
      },
      {
        name: 'wrong-audience',
        token: await cluster.workerToken('wrong-audience', undefined, 'another'),
        why: /PV-2102/,
      },
      { name: 'no-token', token: 'nonsense', why: /PV-2102/ },
    ];
    for (const { name, token, why } of strangers) {
      const { program } = await cluster.worker(name, { token });
      const [said] = await program.line(/"code":"PV-2102".*/);
      assert.match(said.replace(/.*"code":"(PV-\d+)".*"msg":"(.*)".*/, '$1 $2'), why);
      program.signal('SIGTERM');
    }
    const may = await cluster.plane.kubectl([
      'auth',
      'can-i',
      '--list',
      '--as',
      `system:serviceaccount:${SYSTEM}:pivot-media-worker`,
      '-n',
      SYSTEM,
    ]);
    assert.doesNotMatch(may.stdout, /pivot|secrets|pods/);
  });

  test('a callflow that a worker refuses is left out, its last good version stays, and its condition says so', async () => {
    const flow = (path: string): object => callflow('refused', ['+14155550105'], `${web.url}${path}`);
    await cluster.apply(flow('/old'));
    await cluster.condition('refused', 'Programmed', 'Programmed');
    const stubborn = await StubbornWorker.connect(cluster, 'acme/refused');
    try {
      await cluster.apply(flow('/new'));
      const rejected = await cluster.condition('refused', 'Programmed', 'Rejected');
      assert.match(rejected.message, /PV-2106 .*stubborn.*Generation 1 stays in use/);
      // The other workers had it for the moment until it was refused.
      await until(async () => {
        const before = askedAt('/new').length;
        for (const address of addresses) assert.equal(await call('+14155550105', address), 200);
        return askedAt('/new').length === before;
      });
      // Others are not held up.
      await cluster.apply(callflow('beside', ['+14155550106'], `${web.url}/voice`));
      await cluster.condition('beside', 'Programmed', 'Programmed');
    } finally {
      stubborn.close();
    }
  });

  test('what workers see of a web server stands in the status, with the trace of the last failure; not a write for each call', async () => {
    await cluster.apply({
      apiVersion: 'pivot.voice/v1alpha1',
      kind: 'PivotFleet',
      metadata: { name: 'default' },
      spec: { traceUrl: 'https://jaeger.example.com/trace/{traceId}' },
    });
    let status = 500;
    web.on('/health', () => (status === 200 ? ANSWER : { status, body: 'broken' }));
    await cluster.apply(callflow('health', ['+14155550107'], `${web.url}/health`));
    await cluster.condition('health', 'Programmed', 'Programmed');
    assert.equal((await cluster.condition('health', 'WebhookHealthy', 'NoExchanges')).status, 'Unknown');
    const phone = await phones.placeCall({ number: '+14155550107', sip: addresses[0]! });
    await phone.ended;
    const failing = await cluster.condition('health', 'WebhookHealthy', 'Failing');
    assert.equal(failing.status, 'False');
    assert.match(failing.message, /PV-12\d\d .*500/);
    const { metadata, status: written } = await cluster.read('health');
    const traceId = phone.header('X-Pivot-Trace');
    const { time: _time, ...lastFailure } = (written?.['lastFailure'] ?? {}) as Record<string, string>;
    assert.equal(lastFailure['traceId'], traceId);
    assert.equal(lastFailure['link'], `https://jaeger.example.com/trace/${traceId}`);
    assert.match(
      await cluster.kubectl('describe', 'pivotcallflow/health', '-n', 'acme'),
      new RegExp(`Trace Id: +${traceId}`),
    );
    status = 200;
    for (let calls = 0; calls < 20; calls++) assert.equal(await call('+14155550107', addresses[calls % 2]), 200);
    await cluster.condition('health', 'WebhookHealthy', 'Healthy');
    const after = (await cluster.read('health')).metadata.resourceVersion;
    assert.notEqual(after, metadata.resourceVersion);
    for (let calls = 0; calls < 20; calls++) assert.equal(await call('+14155550107', addresses[calls % 2]), 200);
    await delay(6_000); // Workers report every five seconds.
    assert.equal((await cluster.read('health')).metadata.resourceVersion, after);
  });

  test('nobody was forbidden anything that it needs', () => {
    assert.doesNotMatch(cluster.said(), /PV-2003/);
  });
});

/** The signature that the webhook reference describes: HMAC-SHA256 over timestamp and body. */
function isSigned(request: WebRequest, url: string, key: string): boolean {
  const header = String(request.headers['x-pivot-signature'] ?? '');
  const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header) ?? [];
  assert.ok(t !== undefined && v1 !== undefined, `no signature: ${JSON.stringify(request.headers)}`);
  const signed = [t, request.method, url, request.body].join('.');
  return createHmac('sha256', key).update(signed).digest('hex') === v1;
}

function filesIn(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  return names.filter((one) => one.isFile()).map((one) => readFileSync(join(one.parentPath, one.name), 'latin1'));
}
