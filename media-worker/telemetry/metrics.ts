import type { Counter, Histogram, Meter } from '@opentelemetry/api';

/**
 * How a call went, for metrics and the root span. `refused`: not admitted (limit, draining, no table, unreadable); `rejected`: admitted,
 * and its callflow ended it before an answer.
 */
export type CallResult = 'completed' | 'rejected' | 'refused' | 'no-route' | 'canceled' | 'failed';

export interface CallMetrics {
  readonly calls: Counter;
  /** INVITE to 200 OK, milliseconds. */
  readonly setup: Histogram;
  readonly exchanges: Histogram;
}

export interface Gauges {
  readonly activeCalls: () => number;
  readonly numbers: () => number;
}

/** The worker's metrics. Names are OpenTelemetry's; Prometheus shows dots as underscores. */
export function createCallMetrics(meter: Meter, gauges: Gauges): CallMetrics {
  meter
    .createObservableGauge('pivot.calls.active', { description: 'Calls in progress' })
    .addCallback((result) => result.observe(gauges.activeCalls()));
  meter
    .createObservableGauge('pivot.table.numbers', { description: 'Numbers and extensions in the routing table' })
    .addCallback((result) => result.observe(gauges.numbers()));
  return {
    calls: meter.createCounter('pivot.calls', { description: 'Calls by result' }),
    setup: meter.createHistogram('pivot.call.setup', { unit: 'ms', description: 'INVITE to answer' }),
    exchanges: meter.createHistogram('pivot.exchange.duration', {
      unit: 'ms',
      description: 'Webhook exchanges by result',
    }),
  };
}
