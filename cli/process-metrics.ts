import type { Meter } from '@opentelemetry/api';
import type { TableClient } from '../media-worker/routing/table-client/table-client.ts';
import type { Softswitch, SoftswitchStatistics } from '../media-worker/softswitch/softswitch.ts';

/** Gauges over the process itself: memory, CPU, and every kind of handle that is open, so that a leak can be seen from outside. */
export function observeProcess(meter: Meter): void {
  meter
    .createObservableGauge('pivot.process.resources', {
      description: 'Open handles and requests of the event loop by kind',
    })
    .addCallback((result) => {
      const kinds = Map.groupBy(process.getActiveResourcesInfo(), (kind) => kind);
      for (const [kind, all] of kinds) result.observe(all.length, { kind });
    });
  meter
    .createObservableGauge('pivot.process.heap', {
      unit: 'By',
      description: "JavaScript heap in use, the main thread's",
    })
    .addCallback((result) => result.observe(process.memoryUsage().heapUsed));
  meter
    .createObservableGauge('pivot.process.memory', { unit: 'By', description: 'Resident memory of the process' })
    .addCallback((result) => result.observe(process.memoryUsage.rss()));
  meter
    .createObservableGauge('pivot.process.cpu', {
      unit: 'ms',
      description: 'CPU time so far: of the process, and of its main thread',
    })
    .addCallback((result) => {
      const all = process.cpuUsage();
      const main = process.threadCpuUsage();
      result.observe((all.user + all.system) / 1000, { of: 'process' });
      result.observe((main.user + main.system) / 1000, { of: 'main' });
    });
}

/** The worker's end of the table stream. */
export function observeTableClient(meter: Meter, table: TableClient): void {
  meter
    .createObservableGauge('pivot.table.connected', { description: '1 while the stream to the operator is up' })
    .addCallback((result) => result.observe(table.connected ? 1 : 0));
  meter
    .createObservableGauge('pivot.table.in_use', {
      description: 'The routing table in use: always 1, by version and origin',
    })
    .addCallback((result) => {
      if (table.version !== undefined) result.observe(1, { version: table.version, origin: table.origin });
    });
  meter
    .createObservableCounter('pivot.table.stream', { description: 'What came over the stream, and what was refused' })
    .addCallback((result) => {
      for (const [what, count] of Object.entries(table.figures)) result.observe(count, { what });
    });
}

/** What of the softswitch is shown, by metric name. */
const SHOWN: Readonly<Record<string, (statistics: SoftswitchStatistics) => number>> = {
  'pivot.softswitch.sessions': ({ sessions }) => sessions,
  'pivot.softswitch.event_sockets': ({ connections }) => connections,
  'pivot.softswitch.dialogs': ({ dialogs }) => dialogs,
  'pivot.softswitch.transactions': ({ transactions }) => transactions,
  'pivot.softswitch.heap': ({ heapBytes }) => heapBytes,
  'pivot.softswitch.cpu': ({ cpuMs }) => cpuMs,
  'pivot.softswitch.rtp.ports': ({ rtp }) => rtp.inUse,
  'pivot.softswitch.rtp.sent': ({ rtp }) => rtp.sent,
  'pivot.softswitch.rtp.sent_late': ({ rtp }) => rtp.sentLate,
  'pivot.softswitch.rtp.received': ({ rtp }) => rtp.received,
  'pivot.softswitch.rtp.lost': ({ rtp }) => rtp.lost,
};

/** Gauges over the softswitch, asked of its thread at each scrape. */
export function observeSoftswitch(meter: Meter, softswitch: Softswitch): void {
  const gauges = Object.entries(SHOWN).map(([name, value]) => ({ gauge: meter.createObservableGauge(name), value }));
  meter.addBatchObservableCallback(
    async (result) => {
      const statistics = await softswitch.statistics().catch(() => undefined);
      if (statistics === undefined) return;
      for (const { gauge, value } of gauges) result.observe(gauge, value(statistics));
    },
    gauges.map(({ gauge }) => gauge),
  );
}
