import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Meter } from '@opentelemetry/api';
import type { TableClient } from '../media-worker/routing/table-client/table-client.ts';
import type { Softswitch, SoftswitchStatistics } from '../media-worker/softswitch/softswitch.ts';
import { observed, observedTogether } from '../runtime/metrics/instruments.ts';
import { PROCESS_METRICS, SOFTSWITCH_METRICS } from '../runtime/metrics/process-metrics.ts';
import { TABLE_METRICS } from '../runtime/metrics/worker-metrics.ts';

/** How often the event loop's lateness is looked at. Milliseconds; what is later than that is seen in full. */
const LOOP_DELAY_MS = 20;

/** Gauges over the process itself: memory, CPU, and every kind of handle that is open, so that a leak can be seen from outside. */
export function observeProcess(meter: Meter): void {
  observed(meter, PROCESS_METRICS.handles, (observe) => {
    const kinds = Map.groupBy(process.getActiveResourcesInfo(), (kind) => kind);
    for (const [kind, all] of kinds) observe(all.length, { kind });
  });
  observed(meter, PROCESS_METRICS.heap, (observe) => observe(process.memoryUsage().heapUsed));
  observed(meter, PROCESS_METRICS.memory, (observe) => observe(process.memoryUsage.rss()));
  observed(meter, PROCESS_METRICS.cpu, (observe) => {
    const all = process.cpuUsage();
    const main = process.threadCpuUsage();
    observe((all.user + all.system) / 1e6, { of: 'process' });
    observe((main.user + main.system) / 1e6, { of: 'main' });
  });
  const delay = monitorEventLoopDelay({ resolution: LOOP_DELAY_MS });
  delay.enable();
  observed(meter, PROCESS_METRICS.loopDelay, (observe) => {
    // Each value has the time between two looks in it.
    const late = (ns: number): number => Math.max(0, ns / 1e9 - LOOP_DELAY_MS / 1000);
    if (delay.count > 0) {
      observe(late(delay.mean), { of: 'mean' });
      observe(late(delay.percentile(99)), { of: 'p99' });
      observe(late(delay.max), { of: 'max' });
    }
    delay.reset();
  });
}

/** The worker's end of the table stream. */
export function observeTableClient(meter: Meter, table: TableClient): void {
  observed(meter, TABLE_METRICS.tableConnected, (observe) => observe(table.connected ? 1 : 0));
  observed(meter, TABLE_METRICS.tableVersion, (observe) => {
    if (table.version !== undefined) observe(numberOf(table.version), { origin: table.origin });
  });
  observed(meter, TABLE_METRICS.tableAge, (observe) => {
    if (table.ageMs !== undefined) observe(table.ageMs / 1000);
  });
  observed(meter, TABLE_METRICS.tableStream, (observe) => {
    for (const [what, count] of Object.entries(table.figures)) observe(count, { what });
  });
}

/** A version in its first digits: as a label it would make a new series with every change. */
function numberOf(version: string): number {
  return Number.parseInt(version.replace(/^.*:/, '').slice(0, 12), 16);
}

/** What of the softswitch is shown. */
const SHOWN: Readonly<Record<keyof typeof SOFTSWITCH_METRICS, (statistics: SoftswitchStatistics) => number>> = {
  sessions: ({ sessions }) => sessions,
  eventSockets: ({ connections }) => connections,
  dialogs: ({ dialogs }) => dialogs,
  transactions: ({ transactions }) => transactions,
  softswitchHeap: ({ heapBytes }) => heapBytes,
  softswitchCpu: ({ cpuMs }) => cpuMs / 1000,
  rtpPorts: ({ rtp }) => rtp.inUse,
  rtpSent: ({ rtp }) => rtp.sent,
  rtpSentLate: ({ rtp }) => rtp.sentLate,
  rtpReceived: ({ rtp }) => rtp.received,
  rtpLost: ({ rtp }) => rtp.lost,
};

/** Gauges over the softswitch, asked of its thread at each scrape. */
export function observeSoftswitch(meter: Meter, softswitch: Softswitch): void {
  const names = Object.keys(SHOWN) as (keyof typeof SHOWN)[];
  observedTogether(
    meter,
    names.map((name) => SOFTSWITCH_METRICS[name]),
    async () => {
      const statistics = await softswitch.statistics().catch(() => undefined);
      return statistics === undefined ? undefined : names.map((name) => SHOWN[name](statistics));
    },
  );
}
