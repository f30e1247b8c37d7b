/**
 * `npm run bench:apply`: from `kubectl apply` (a request to the API server that creates a callflow) to the first answered call, with many other
 * callflows present; a caller tries again until it is answered. Real kube-apiserver, `pivot operator` and `pivot media-worker` processes, real SIP.
 * `--callflows N` (1,000), `--times N` (100). Beside it the bare limit of the same run: the API server's own answer, and the same call once it is there.
 */
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { firstAnswer } from '../../e2e/cluster/callers.ts';
import { callflow, startCluster } from '../../e2e/cluster/cluster.ts';
import { controlPlaneBinaries } from '../../e2e/control-plane/binaries.ts';
import { startWeb, twiml } from '../../e2e/web.ts';
import { createPhones } from '../../media-worker/softswitch/phone.ts';
import { percentile } from '../load.ts';

const { values: options } = parseArgs({
  options: { callflows: { type: 'string', default: '1000' }, times: { type: 'string', default: '100' } },
});
const CALLFLOWS = Number(options.callflows);
const TIMES = Number(options.times);
const WORKERS = 2;
const COLLECTION = '/apis/pivot.voice/v1alpha1/namespaces/acme/pivotcallflows';

const found = await controlPlaneBinaries();
if (!found.ok) throw new Error(found.hint);
const [cluster, web, phones] = await Promise.all([startCluster(found.binaries), startWeb(), createPhones()]);
try {
  web.on('/voice', twiml('<Play>tone_stream://%(20,0,440);loops=1</Play>'));
  const create = async (name: string, number: string): Promise<void> => {
    const resource = callflow(name, [number], `${web.url}/voice`);
    const { status, body } = await cluster.plane.api.request(COLLECTION, { method: 'POST', body: resource });
    if (status !== 201) throw new Error(JSON.stringify(body));
  };
  for (let index = 0; index < CALLFLOWS; index++) await create(`flow-${index}`, `+1${4_000_000_000 + index}`);
  await cluster.operator('operator-a');
  const workers = await Promise.all(
    Array.from({ length: WORKERS }, (_, index) => cluster.worker(`worker-${index}`, { options: ['--log', 'warn'] })),
  );
  const addresses = await Promise.all(workers.map((worker) => worker.sip()));
  await cluster.condition(`flow-${CALLFLOWS - 1}`, 'Programmed', 'Programmed');

  const answered: number[] = [];
  const applied: number[] = [];
  const calls: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    const number = `+1${5_000_000_000 + time}`;
    const sip = addresses[time % WORKERS]!;
    const begun = performance.now();
    await create(`new-${time}`, number);
    applied.push(performance.now() - begun);
    answered.push(await firstAnswer(phones, sip, number, begun));
    calls.push(await firstAnswer(phones, sip, number, performance.now()));
  }
  print('apply to first answered call', answered, ' (target p50 250 ms, p99 1 s)');
  print('bare limit: answer of the API server', applied, '');
  print('bare limit: the call alone', calls, '');
} finally {
  await phones.close();
  await cluster.stop();
  await web.close();
}

function print(what: string, times: readonly number[], target: string): void {
  const sorted = [...times].sort((a, b) => a - b);
  const [p50, p99] = [0.5, 0.99].map((share) => percentile(sorted, share).toFixed(1));
  console.log(`${what.padEnd(38)} p50 ${p50} ms, p99 ${p99} ms, ${times.length} times${target}`);
}
