/** Look-ups per second in a large routing table, and what the callflow engine costs per action. `node bench/routing.ts` prints them. */
import { performance } from 'node:perf_hooks';
import type { CallflowNode } from '../crds/callflow/node.ts';
import type { CompiledCallflow, Route, RoutingTable } from '../crds/routing-table.ts';
import type { Call } from '../media-worker/call/call.ts';
import { MOST_ACTIONS, runCallflow } from '../media-worker/callflow/engine.ts';
import type { FlowServices } from '../media-worker/callflow/services.ts';
import { Router } from '../media-worker/routing/router.ts';
import { CallSpan } from '../media-worker/telemetry/span.ts';

/** One measurement. */
export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
}

const NUMBERS = 100_000;
const PATTERNS = 100;
const LOOKUPS = 200_000;
const PATTERN_LOOKUPS = 2000;

function table(routes: readonly Route[]): RoutingTable {
  const callflow: CompiledCallflow = {
    key: 'acme/main',
    account: 'acme',
    name: 'main',
    generation: 1,
    flow: { module: 'noop', data: {} },
  };
  return { version: 'bench', defaultAccount: 'acme', realms: {}, routes, callflows: { 'acme/main': callflow } };
}

const numberAt = (index: number): string => `+1415${String(index).padStart(7, '0')}`;

function routing(): Row[] {
  const numbers = Array.from({ length: NUMBERS }, (_, index): Route => {
    return { kind: 'e164', number: numberAt(index), callflow: 'acme/main' };
  });
  const patterns = Array.from({ length: PATTERNS }, (_, index): Route => {
    return { kind: 'pattern', account: 'acme', pattern: `^${100 + index}([0-9]{4})$`, callflow: 'acme/main' };
  });
  const building = performance.now();
  const router = new Router(table([...numbers, ...patterns]));
  const built = performance.now() - building;
  return [
    { what: `index of ${NUMBERS} numbers and ${PATTERNS} patterns`, value: built, unit: 'ms' },
    perSecond(
      'numbers looked up',
      LOOKUPS,
      (count) => router.resolve({ number: numberAt((count * 7919) % NUMBERS) }).ok,
    ),
    perSecond(`numbers matched by one of ${PATTERNS} patterns`, PATTERN_LOOKUPS, (count) => {
      return router.resolve({ number: `${100 + (count % PATTERNS)}5555` }).ok;
    }),
  ];
}

function perSecond(what: string, times: number, work: (count: number) => boolean): Row {
  const began = performance.now();
  for (let count = 0; count < times; count += 1) if (!work(count)) throw new Error(`${what}: not found`);
  return { what, value: (1000 * times) / (performance.now() - began), unit: '/s' };
}

/** The engine alone: a flow that does nothing, replaced by itself until the limit of actions. */
async function engine(): Promise<Row> {
  const flow: CallflowNode = { module: 'bench', data: {} };
  const end = new AbortController();
  const call = { signal: end.signal, span: CallSpan.none(), hangup: async () => end.abort() } as unknown as Call;
  const module = { name: 'bench', run: async () => ({ kind: 'replace', flow }) as const };
  const began = performance.now();
  await runCallflow(flow, {
    call,
    services: {} as FlowServices,
    state: { captureGroup: '', namedGroups: {} },
    modules: () => module,
  });
  return {
    what: 'callflow engine, per action',
    value: (1000 * (performance.now() - began)) / MOST_ACTIONS,
    unit: 'µs',
  };
}

export async function run(): Promise<Row[]> {
  return [...routing(), await engine()];
}

if (import.meta.main) {
  for (const { what, value, unit } of await run()) {
    console.log(`${what.padEnd(50)} ${value < 100 ? value.toFixed(2) : Math.round(value)} ${unit}`);
  }
}
