import type { MetricDefinition } from './definition.ts';
import { OPERATOR_METRICS } from './operator-metrics.ts';
import { PROCESS_METRICS, SDK_METRICS, SOFTSWITCH_METRICS, TRACE_METRICS } from './process-metrics.ts';
import { TABLE_METRICS, WORKER_METRICS } from './worker-metrics.ts';

export interface MetricArea {
  readonly title: string;
  readonly about: string;
  readonly metrics: Readonly<Record<string, MetricDefinition>>;
}

/** Every metric there is. */
export const METRIC_CATALOGUE: readonly MetricArea[] = [
  { title: 'Calls', about: 'Of every media worker, and of `pivot up`.', metrics: WORKER_METRICS },
  { title: 'Routing table', about: "The worker's end of the stream from the operator.", metrics: TABLE_METRICS },
  {
    title: 'Operator',
    about: 'All replicas watch and compile; what concerns workers and the stream is told by the one that leads.',
    metrics: OPERATOR_METRICS,
  },
  { title: 'Spans', about: 'Of every process that exports spans.', metrics: SDK_METRICS },
  { title: 'Dropped spans', about: 'Of every process that exports spans.', metrics: TRACE_METRICS },
  { title: 'Process', about: 'Of every process.', metrics: PROCESS_METRICS },
  {
    title: 'Softswitch',
    about:
      'Where it stands in for drachtio-server and FreeSWITCH: `pivot up`, and workers with `mediaServer: softswitch`.',
    metrics: SOFTSWITCH_METRICS,
  },
];
