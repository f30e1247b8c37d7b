/**
 * `npm run bench`: what a call costs, for the softswitch and, with `--drachtio HOST:PORT --freeswitch HOST:PORT --sip HOST:PORT`, for
 * real servers on this machine; the bare limits of the same run beside them. `--quick` measures less. Each number is one run on a
 * shared machine: compare the ratios, not the milliseconds.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { createPhones, type Phones } from '../media-worker/softswitch/phone.ts';
import { type LoadResult, percentile, placeLoad } from './load.ts';
import { cpuMs, pidsNamed, residentBytes } from './processes.ts';

const { values: options } = parseArgs({
  options: {
    drachtio: { type: 'string' },
    'drachtio-secret': { type: 'string', default: 'cymru' },
    freeswitch: { type: 'string' },
    'freeswitch-secret': { type: 'string', default: 'ClueCon' },
    /** Where that drachtio-server takes calls. */
    sip: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});

/** What one call does: one webhook, a tone of 200 ms, the end. */
const DOCUMENT = '<Response><Play>tone_stream://%(200,0,440);loops=1</Play></Response>';
const LONG_TONE = '<Response><Play>tone_stream://%(1000,0,440);loops=12</Play></Response>';
const REPOSITORY = join(import.meta.dirname, '..');

interface Setup {
  readonly name: string;
  readonly upArguments: readonly string[];
  readonly bareArguments: readonly string[];
  /** Where calls go; by default where `ready:` says. */
  readonly sip?: string;
  /** Programs whose CPU is counted beside the worker's. */
  readonly others: readonly string[];
}

const softswitch: Setup = { name: 'softswitch', upArguments: [], bareArguments: [], others: [] };
const real: Setup[] =
  options.drachtio === undefined || options.freeswitch === undefined || options.sip === undefined
    ? []
    : [
        {
          name: 'drachtio-server and FreeSWITCH',
          upArguments: [
            '--drachtio',
            options.drachtio,
            '--drachtio-secret',
            options['drachtio-secret'],
            '--freeswitch',
            options.freeswitch,
            '--freeswitch-secret',
            options['freeswitch-secret'],
          ],
          bareArguments: [options.drachtio, options['drachtio-secret']],
          sip: options.sip,
          others: ['drachtio', 'freeswitch'],
        },
      ];

for (const setup of [softswitch, ...real]) await measure(setup);

async function measure(setup: Setup): Promise<void> {
  console.log(`\n# ${setup.name}\n`);
  const web = await startWeb();
  const phones = await createPhones();
  try {
    const bare = await bareLimit(setup, phones);
    const up = await startUp(setup, web.port);
    try {
      await callsAtRates(setup, up, web, phones, bare);
      await manyAtOnce(up, phones);
      await idleCalls(up, phones);
    } finally {
      await stopChild(up.child);
    }
  } finally {
    await phones.close();
    web.server.close();
  }
}

interface Web {
  readonly server: Server;
  readonly port: number;
  /** When each call's webhook request arrived, by its `From`. */
  readonly arrivedAt: Map<string, number>;
}

async function startWeb(): Promise<Web> {
  const arrivedAt = new Map<string, number>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    arrivedAt.set(url.searchParams.get('From') ?? '', performance.now());
    response.setHeader('content-type', 'text/xml').end(url.pathname === '/long' ? LONG_TONE : DOCUMENT);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port, arrivedAt };
}

interface Up {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly sip: string;
  readonly http: string;
}

async function startUp(setup: Setup, webPort: number): Promise<Up> {
  const folder = mkdtempSync(join(tmpdir(), 'pivot-bench-'));
  writeFileSync(join(folder, 'bench.yaml'), manifests(webPort));
  const child = spawn(
    process.execPath,
    [
      'cli/bin.js',
      'up',
      folder,
      '--sip',
      '127.0.0.1:0',
      '--http',
      '127.0.0.1:0',
      '--data',
      join(folder, 'data'),
    ].concat(['--quiet', '--log', 'error', '--max-calls', '1000'], setup.upArguments),
    { cwd: REPOSITORY, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  child.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const ready = await lineOf(child, /^ready: sip (?:.*?)udp:(\S+).* http (\S+)/);
  return { child, pid: child.pid ?? 0, sip: setup.sip ?? String(ready[1]), http: String(ready[2]) };
}

function manifests(webPort: number): string {
  const webhook = (name: string, number: string): string => `apiVersion: pivot.voice/v1alpha1
kind: PivotCallflow
metadata: {name: ${name}}
spec:
  numbers: ["${number}"]
  pivot: {voice_url: "http://127.0.0.1:${webPort}/${name}", req_format: twiml}
`;
  const idle = `apiVersion: pivot.voice/v1alpha1
kind: PivotCallflow
metadata: {name: idle}
spec:
  numbers: ["3000"]
  flow: {module: answer, data: {}, children: {_: {module: wait_for_hangup, data: {}}}}
`;
  return [webhook('tone', '1000'), webhook('long', '2000'), idle].join('---\n');
}

/** Resolves with the first line that matches. */
function lineOf(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    if (child.stdout === null) throw new Error('the child has no standard output');
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      const match = pattern.exec(line);
      if (match !== null) resolve(match);
    });
    child.once('exit', (code) => reject(new Error(`it ended with ${code} before it was ready`)));
  });
}

async function stopChild(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

interface Bare {
  readonly p50: number;
  readonly cpuMsPerCall: number;
}

/** drachtio-srf answering at once: what signalling alone costs here and now. */
async function bareLimit(setup: Setup, phones: Phones): Promise<Bare> {
  const child = spawn(process.execPath, ['bench/bare-answer.ts', ...setup.bareArguments], {
    cwd: REPOSITORY,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ready = await lineOf(child, /^ready (\d+)/);
  const sip = setup.sip ?? `127.0.0.1:${ready[1]}`;
  await placeLoad({
    phones,
    sip,
    number: '1000',
    rate: 10,
    calls: 20,
    hangupAfterMs: 200,
    from: (i) => `+1555100${i}`,
  });
  const before = cpuMs(child.pid ?? 0);
  const calls = options.quick ? 30 : 100;
  const result = await placeLoad({
    phones,
    sip,
    number: '1000',
    rate: 10,
    calls,
    hangupAfterMs: 200,
    from: (i) => `+1555200${i}`,
  });
  const cpu = (cpuMs(child.pid ?? 0) - before) / calls;
  await stopChild(child);
  const p50 = percentile(result.setup, 0.5);
  row(
    'bare srf application, 10 calls/s',
    `setup p50 ${ms(p50)}  p95 ${ms(percentile(result.setup, 0.95))}  CPU ${ms(cpu)} per call`,
  );
  return { p50, cpuMsPerCall: cpu };
}

async function callsAtRates(setup: Setup, up: Up, web: Web, phones: Phones, bare: Bare): Promise<void> {
  // What is compiled and connected at the first calls is not what a call costs.
  await placeLoad({ phones, sip: up.sip, number: '1000', rate: 10, calls: 60, from: (i) => `+1555300${i}` });
  let best = 0;
  for (const rate of options.quick ? [1, 10, 20] : [1, 10, 20, 30, 40, 60, 80]) {
    const calls = Math.max(10, Math.min(rate * (options.quick ? 4 : 10), 400));
    const before = await consumption(setup, up);
    web.arrivedAt.clear();
    const result = await placeLoad({
      phones,
      sip: up.sip,
      number: '1000',
      rate,
      calls,
      from: (i) => `+1555${rate}${String(i).padStart(5, '0')}`,
    });
    const after = await consumption(setup, up);
    report(rate, result, web, before, after, bare);
    if (result.failed > 0 || percentile(result.setup, 0.95) > 1000) break;
    best = rate;
  }
  row('sustained, no call failed, p95 setup below 1 s', `${best} calls/s with one webhook and a tone of 200 ms`);
}

function report(rate: number, result: LoadResult, web: Web, before: Consumption, after: Consumption, bare: Bare): void {
  const toWebhook = [...result.sentAt]
    .map(([from, sent]) => (web.arrivedAt.get(from) ?? Number.NaN) - sent)
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  const p50 = percentile(result.setup, 0.5);
  const { setup, calls, failed } = result;
  const cpu = Object.keys(after)
    .map((name) => `${name} ${ms(((after[name] ?? 0) - (before[name] ?? 0)) / calls)}`)
    .join(', ');
  row(
    `${rate} calls/s (${calls} calls${failed === 0 ? '' : `, ${failed} FAILED`})`,
    `setup p50 ${ms(p50)} (${(p50 / bare.p50).toFixed(1)}x bare)  p95 ${ms(percentile(setup, 0.95))}  p99 ${ms(percentile(setup, 0.99))}` +
      `  INVITE to webhook p50 ${ms(percentile(toWebhook, 0.5))} p95 ${ms(percentile(toWebhook, 0.95))}`,
  );
  row('', `CPU per call: ${cpu} (bare ${ms(bare.cpuMsPerCall)})`);
}

/** CPU milliseconds so far by who used them. */
type Consumption = Readonly<Record<string, number>>;

async function consumption(setup: Setup, up: Up): Promise<Consumption> {
  const metrics = await readMetrics(up);
  const softswitchCpu = (metrics.get('pivot_softswitch_cpu_time_seconds_total') ?? 0) * 1000;
  const processes = setup.others.map(
    (name) => [name, pidsNamed(name).reduce((sum, pid) => sum + cpuMs(pid), 0)] as const,
  );
  return {
    'worker (without softswitch)': cpuMs(up.pid) - softswitchCpu,
    ...(setup.others.length === 0 ? { softswitch: softswitchCpu } : Object.fromEntries(processes)),
  };
}

async function readMetrics(up: Up): Promise<Map<string, number>> {
  const text = await (await fetch(`${up.http}/metrics`)).text();
  const found = [...text.matchAll(/^(\w+)\{[^}]*\} ([\d.e+-]+)/gm)];
  return new Map(found.map((match) => [String(match[1]), Number(match[2])]));
}

/** A hundred calls with sound at once: does every packet leave on time, does every caller hear it? */
async function manyAtOnce(up: Up, phones: Phones): Promise<void> {
  const before = await readMetrics(up);
  const cpuBefore = cpuMs(up.pid);
  const result = await placeLoad({
    phones,
    sip: up.sip,
    number: '2000',
    rate: 20,
    calls: 100,
    from: (i) => `+15554${String(i).padStart(5, '0')}`,
  });
  const after = await readMetrics(up);
  const change = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  const sent = change('pivot_softswitch_rtp_sent_total');
  const late = change('pivot_softswitch_rtp_sent_late_total');
  const share =
    sent === 0
      ? ''
      : `  packets sent ${sent}, more than 5 ms late ${late} (${((late / sent) * 1000).toFixed(2)} in 1,000)`;
  row(
    '100 calls with 12 s of sound at once',
    `failed ${result.failed}${share}  CPU ${(((cpuMs(up.pid) - cpuBefore) / result.seconds) * 0.1).toFixed(0)} % of a core`,
  );
}

async function idleCalls(up: Up, phones: Phones): Promise<void> {
  const count = 100;
  const before = residentBytes(up.pid);
  const calls = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      phones.placeCall({ number: '3000', sip: up.sip, from: `+15556${String(i).padStart(5, '0')}` }),
    ),
  );
  const answered = await Promise.allSettled(calls.map((call) => call.answered));
  const held = answered.filter(({ status }) => status === 'fulfilled').length;
  const after = residentBytes(up.pid);
  await Promise.all(calls.map((call) => call.hangup()));
  row(
    `${held} idle answered calls`,
    `${((after - before) / Math.max(held, 1) / 1024).toFixed(0)} KiB resident memory each (softswitch included)`,
  );
}

function row(name: string, text: string): void {
  console.log(`${name.padEnd(48)} ${text}`);
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
