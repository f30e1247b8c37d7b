/**
 * `npm run bench:operator`: `pivot operator` against a real kube-apiserver with many callflows and many workers, and beside each number the bare
 * limit of the same run: a plain list and watch of the same objects. `--callflows N` (10,000), `--workers N` (1,000). Each number is one run on a
 * shared machine: compare the ratios, not the milliseconds.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type ControlPlane, startControlPlane } from '../../e2e/control-plane/control-plane.ts';
import { freePorts } from '../../e2e/control-plane/free-ports.ts';
import { percentile } from '../load.ts';
import { peakResidentBytes } from '../processes.ts';
import { Acknowledged } from './acknowledged.ts';
import { BareWatch, type Seen } from './bare-watch.ts';
import { SimulatedWorker } from './simulated-worker.ts';

const { values: options } = parseArgs({
  options: { callflows: { type: 'string', default: '10000' }, workers: { type: 'string', default: '1000' } },
});
const CALLFLOWS = Number(options.callflows);
const WORKERS = Number(options.workers);
/** Workers that are there from the start. */
const FIRST_WORKERS = Math.min(3, WORKERS);
const EDITS = 20;
const LIMIT_MS = 300_000;
const SYSTEM = 'pivot-system';
const NAMESPACE = 'acme';
const WORKER_ACCOUNT = 'pivot-media-worker';
const AUDIENCE = 'pivot-operator';
const REPOSITORY = join(import.meta.dirname, '../..');
const TLS = join(REPOSITORY, 'operator/kube/testing/tls');
const COLLECTION = `/apis/pivot.voice/v1alpha1/namespaces/${NAMESPACE}/pivotcallflows`;

const folder = mkdtempSync(join(tmpdir(), 'pivot-bench-operator-'));
const plane = await startControlPlane();
const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true }), () => plane.stop()];
try {
  await measure(plane);
} finally {
  for (const end of ends.reverse()) await end();
}

async function measure({ api, kubectl, kubeconfig, url, caFile, token }: ControlPlane): Promise<void> {
  await must(kubectl(['apply', '--server-side', '-f', join(REPOSITORY, 'crds')]));
  await must(kubectl(['wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all']));
  for (const namespace of [SYSTEM, NAMESPACE]) await must(kubectl(['create', 'namespace', namespace]));
  await must(kubectl(['create', 'serviceaccount', WORKER_ACCOUNT, '-n', SYSTEM]));
  const created = performance.now();
  await inParallel(CALLFLOWS, async (index) => {
    const { status, body } = await api.request(COLLECTION, { method: 'POST', body: callflow(index) });
    if (status !== 201) throw new Error(JSON.stringify(body));
  });
  print('create', `${CALLFLOWS} PivotCallflows in ${seconds(performance.now() - created)} s`);

  const watch = new BareWatch({ url, caFile, token: await token('admin'), path: COLLECTION });
  ends.push(() => watch.close());
  print('bare limit', `a list of them, parsed: ${seconds(await watch.start())} s`);
  const bare = await edits('bare', () => true);
  print('bare limit', `edit to watch event: ${spread(bare)}`);

  const workerTokens = await tokensFor(WORKERS);
  const port = await freePort();
  const ca = readFileSync(join(TLS, 'ca.pem'));
  const acks: ((name: string) => void)[] = [];
  const simulate = (index: number): void => {
    const worker = new SimulatedWorker({
      url: `wss://127.0.0.1:${port}`,
      ca: ca,
      token: workerTokens[index]!,
      name: workerName(index),
      onAck: (name) => {
        for (const ack of acks) ack(name);
      },
    });
    ends.push(() => worker.close());
  };
  for (let index = 0; index < FIRST_WORKERS; index++) simulate(index);

  const cold = performance.now();
  let operator = await startOperator(port);
  const programmed = await watch.until(allProgrammed, LIMIT_MS);
  print('operator', `cold start to Programmed of all ${CALLFLOWS}: ${seconds(programmed - cold)} s (target 60)`);
  print('operator', `memory at its peak: ${megabytes(peakResidentBytes(operator.pid!))} MB (target 512)`);

  await stopOperator(operator);
  const before = watch.events;
  const again = performance.now();
  operator = await startOperator(port);
  print('operator', `start with everything written already: ready after ${seconds(performance.now() - again)} s`);
  await delay(10_000); // Long enough for anything that would be written.
  print('operator', `writes of the second reconcile: ${watch.events - before} (target 0)`);

  const edited = await edits('operator', (one, generation) => isProgrammed(one, generation));
  print('operator', `edit to Programmed among ${CALLFLOWS}: ${spread(edited)}; ${ratio(edited, bare)} (target 1 s)`);

  const everyone = new Acknowledged(LIMIT_MS);
  acks.push((name) => everyone.add(name));
  const joining = performance.now();
  const joined = everyone.by(WORKERS - FIRST_WORKERS);
  for (let index = FIRST_WORKERS; index < WORKERS; index++) simulate(index);
  print('operator', `${WORKERS} workers joined with the whole table in ${seconds((await joined) - joining)} s`);
  const took: number[] = [];
  for (let edit = 0; edit < EDITS; edit++) {
    const acknowledged = everyone.by(WORKERS);
    const begun = performance.now();
    await patch(api, edit, `all-${edit}`);
    took.push((await acknowledged) - begun);
  }
  print('operator', `edit to the acknowledgement of all ${WORKERS} workers: ${spread(took)} (target 1 s)`);
  print('operator', `memory at its peak: ${megabytes(peakResidentBytes(operator.pid!))} MB`);
  await stopOperator(operator);

  /** Edits callflows one after another; each until an event that fits. Sorted milliseconds. */
  async function edits(label: string, fits: (object: Seen, generation: number) => boolean): Promise<number[]> {
    const times: number[] = [];
    for (let edit = 0; edit < EDITS; edit++) {
      const name = callflowName(edit);
      const generation = watch.objects.get(name)!.metadata.generation + 1;
      const seen = watch.next(
        (one) => one.metadata.name === name && one.metadata.generation === generation && fits(one, generation),
        LIMIT_MS,
      );
      const begun = performance.now();
      await patch(api, edit, `${label}-${edit}`);
      times.push((await seen) - begun);
    }
    return times.sort((a, b) => a - b);
  }

  /** Tokens like those that pods get: made for the operator, bound to a pod of the worker's name. */
  async function tokensFor(count: number): Promise<string[]> {
    const tokens: string[] = [];
    await inParallel(count, async (index) => {
      const pod = await api.request(`/api/v1/namespaces/${SYSTEM}/pods`, { method: 'POST', body: podOf(index) });
      const { name, uid } = (pod.body as { metadata: { name: string; uid: string } }).metadata;
      const { status, body } = await api.request(
        `/api/v1/namespaces/${SYSTEM}/serviceaccounts/${WORKER_ACCOUNT}/token`,
        {
          method: 'POST',
          body: {
            apiVersion: 'authentication.k8s.io/v1',
            kind: 'TokenRequest',
            spec: { audiences: [AUDIENCE], boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, uid } },
          },
        },
      );
      if (status !== 201) throw new Error(JSON.stringify(body));
      tokens[index] = (body as { status: { token: string } }).status.token;
    });
    return tokens;
  }

  async function startOperator(port: number): Promise<ChildProcess> {
    const tls = join(folder, 'tls');
    mkdirSync(tls, { recursive: true });
    cpSync(join(TLS, 'server.pem'), join(tls, 'tls.crt'));
    cpSync(join(TLS, 'server.key'), join(tls, 'tls.key'));
    const args = ['operator', '--kubeconfig', kubeconfig, '--namespace', SYSTEM, '--http', '127.0.0.1:0'];
    const stream = ['--stream', `127.0.0.1:${port}`, '--stream-tls', tls];
    const child = spawn(
      process.execPath,
      [
        join(REPOSITORY, 'cli/bin.js'),
        ...args,
        ...stream,
        '--worker-account',
        `${SYSTEM}/${WORKER_ACCOUNT}`,
        '--log',
        'warn',
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    ends.push(() => child.kill('SIGKILL'));
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`pivot operator ended with ${code}`)));
      createInterface({ input: child.stdout! }).on('line', (line) => {
        if (line.startsWith('ready')) resolve();
      });
    });
    return child;
  }
}

async function stopOperator(child: ChildProcess): Promise<void> {
  child.removeAllListeners('exit');
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

function isProgrammed({ status }: Seen, generation: number): boolean {
  return (status?.conditions ?? []).some(
    (one) => one.type === 'Programmed' && one.status === 'True' && one.observedGeneration === generation,
  );
}

function allProgrammed(objects: ReadonlyMap<string, Seen>): boolean {
  for (const one of objects.values()) if (!isProgrammed(one, one.metadata.generation)) return false;
  return true;
}

function callflowName(index: number): string {
  return `flow-${String(index).padStart(6, '0')}`;
}

function callflow(index: number): object {
  return {
    apiVersion: 'pivot.voice/v1alpha1',
    kind: 'PivotCallflow',
    metadata: { name: callflowName(index), namespace: NAMESPACE },
    spec: {
      numbers: [`+1${4_000_000_000 + index}`, String(100_000 + index)],
      pivot: { voice_url: `https://app.example.com/voice/${index}`, method: 'post', req_format: 'twiml' },
      failback: { module: 'play', data: { id: 'https://app.example.com/sorry.wav' } },
    },
  };
}

async function patch(api: ControlPlane['api'], index: number, path: string): Promise<void> {
  const { status, body } = await api.request(`${COLLECTION}/${callflowName(index)}`, {
    method: 'PATCH',
    contentType: 'application/merge-patch+json',
    body: { spec: { pivot: { voice_url: `https://app.example.com/voice/${path}` } } },
  });
  if (status !== 200) throw new Error(JSON.stringify(body));
}

function workerName(index: number): string {
  return `worker-${index}`;
}

function podOf(index: number): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: workerName(index), namespace: SYSTEM },
    spec: { serviceAccountName: WORKER_ACCOUNT, containers: [{ name: 'worker', image: 'pivot' }] },
  };
}

async function inParallel(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: 16 }, one));
}

async function must(result: ReturnType<ControlPlane['kubectl']>): Promise<void> {
  const { code, stderr } = await result;
  if (code !== 0) throw new Error(stderr);
}

async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port!;
}

function print(what: string, text: string): void {
  console.log(`${what.padEnd(10)} ${text}`);
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0);
}

function spread(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  return `p50 ${percentile(sorted, 0.5).toFixed(1)} ms, max ${sorted.at(-1)!.toFixed(1)} ms (${times.length} edits)`;
}

function ratio(times: readonly number[], bare: readonly number[]): string {
  return `${(percentile(times, 0.5) / percentile(bare, 0.5)).toFixed(1)} times the bare watch`;
}
