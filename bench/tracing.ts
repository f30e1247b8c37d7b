/**
 * `npm run bench:tracing`: the CPU time that a worker takes for a call without traces, with them, and with `debug`. Three workers, each a process
 * with a softswitch of its own beside it, get the same calls in turns; what one takes is compared with what the one without traces takes in the same
 * turn, and the median of all turns is told. `--quick` takes fewer turns. Exits 1 when traces cost more than they may.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { createPhones, type Phones } from '../media-worker/softswitch/phone.ts';
import { placeLoad } from './load.ts';
import { cpuMs } from './processes.ts';

const { values: options } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });

const REPOSITORY = join(import.meta.dirname, '..');
const TURNS = options.quick ? 5 : 11;
const WARM_UP_CALLS = 150;
const CALLS = 100;
const RATE = 20;

interface Kind {
  readonly name: string;
  readonly number: string;
  readonly traced: boolean;
  /** Of the CPU time without traces, at most. */
  readonly most?: number;
}

/** A call asks its web server twice, says something short, and ends. */
const KINDS: readonly Kind[] = [
  { name: 'without traces', number: '1000', traced: false },
  { name: 'with traces', number: '1000', traced: true, most: 1.05 },
  { name: 'with traces and debug', number: '2000', traced: true, most: 1.15 },
];

interface Bench {
  readonly kind: Kind;
  readonly sip: string;
  readonly pid: number;
}

const children: ChildProcess[] = [];
const folder = mkdtempSync(join(tmpdir(), 'pivot-bench-'));
const web = createServer((request, response) => {
  const again = request.url?.endsWith('/again') === true;
  const verbs = again
    ? '<Hangup/>'
    : '<Play>tone_stream://%(100,0,440);loops=1</Play><Redirect>http://127.0.0.1:PORT/again</Redirect>';
  request.resume();
  response
    .setHeader('content-type', 'text/xml')
    .end(`<Response>${verbs.replace('PORT', String(portOf(web)))}</Response>`);
});
const collector = createServer((request, response) => {
  request.resume().on('end', () => response.setHeader('content-type', 'application/json').end('{}'));
});
try {
  for (const server of [web, collector]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  writeFileSync(
    join(folder, 'bench.yaml'),
    [manifest('plain', '1000', false), manifest('debug', '2000', true)].join('---\n'),
  );
  const phones = await createPhones();
  const benches = await Promise.all(KINDS.map(start));
  for (const bench of benches) await load(bench, phones, WARM_UP_CALLS);
  const turns: number[][] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    const taken: number[] = [];
    // The machine may grow faster or slower during a turn: nobody is always the first.
    for (let step = 0; step < benches.length; step += 1) {
      const index = (turn + step) % benches.length;
      taken[index] = await load(benches[index]!, phones, CALLS);
    }
    turns.push(taken);
  }
  await phones.close();
  report(turns);
} finally {
  for (const child of children) child.kill('SIGKILL');
  for (const server of [web, collector]) {
    server.close();
    server.closeAllConnections();
  }
  rmSync(folder, { recursive: true, force: true });
}

function portOf(server: ReturnType<typeof createServer>): number {
  return (server.address() as AddressInfo).port;
}

function manifest(name: string, number: string, debug: boolean): string {
  return `apiVersion: pivot.voice/v1alpha1
kind: PivotCallflow
metadata: {name: ${name}}
spec:
  numbers: ["${number}"]
  pivot: {voice_url: "http://127.0.0.1:${portOf(web)}/voice", method: post, req_format: twiml, debug: ${debug}}
`;
}

async function start(kind: Kind, index: number): Promise<Bench> {
  const [, sip, drachtio, freeswitch] = await ready(
    program('tools/softswitch.ts'),
    /^ready: sip (\S+) drachtio (\S+) freeswitch (\S+)$/,
  );
  const otlp = kind.traced ? [`http://127.0.0.1:${portOf(collector)}`] : [];
  const data = join(folder, `data-${index}`);
  const worker = program('bench/tracing-worker.ts', drachtio!, freeswitch!, folder, data, ...otlp);
  await ready(worker, /^ready$/);
  return { kind, sip: sip!, pid: worker.pid ?? 0 };
}

function program(...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, args, { cwd: REPOSITORY, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

function ready(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    if (child.stdout === null) throw new Error('the child has no standard output');
    createInterface({ input: child.stdout }).on('line', (line) => {
      const match = pattern.exec(line);
      if (match !== null) resolve(match);
    });
    child.once('exit', (code) => reject(new Error(`it ended with ${code} before it was ready`)));
  });
}

/** CPU milliseconds of the worker for each of the calls. */
async function load({ kind, sip, pid }: Bench, phones: Phones, calls: number): Promise<number> {
  const before = cpuMs(pid);
  const { failed } = await placeLoad({
    phones,
    sip,
    number: kind.number,
    rate: RATE,
    calls,
    from: (index) => `+1555${String(index).padStart(7, '0')}`,
  });
  if (failed > 0) throw new Error(`${kind.name}: ${failed} of ${calls} calls failed`);
  return (cpuMs(pid) - before) / calls;
}

function report(turns: readonly (readonly number[])[]): void {
  for (const [index, { name, most }] of KINDS.entries()) {
    const taken = median(turns.map((turn) => turn[index]!));
    const ratio = median(turns.map((turn) => turn[index]! / turn[0]!));
    const judged = most === undefined ? '' : `  ${ratio.toFixed(3)} of that without (at most ${most})`;
    console.log(`${name.padEnd(24)} CPU ${taken.toFixed(2)} ms per call${judged}`);
    if (most !== undefined && ratio > most) process.exitCode = 1;
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
