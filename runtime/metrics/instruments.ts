import type { Attributes, Counter, Histogram, Meter, Observable, ObservableResult } from '@opentelemetry/api';
import type { MetricDefinition } from './definition.ts';

/** The labels of a metric, all of which are given with each value. */
export type LabelsOf<M extends MetricDefinition> =
  M['labels'] extends Readonly<Record<infer Name extends string, string>> ? Readonly<Record<Name, string>> : undefined;

type Labelled<M extends MetricDefinition> =
  LabelsOf<M> extends undefined ? [value: number] : [value: number, labels: NonNullable<LabelsOf<M>>];

export type Observe<M extends MetricDefinition> = (...observed: Labelled<M>) => void;

/**
 * The only place where instruments are made, so that there is no metric outside the catalogue (`tools/check-metrics.ts`). A counter that is added
 * to.
 */
export function counter<const M extends MetricDefinition & { kind: 'counter' }>(meter: Meter, metric: M): Observe<M> {
  const made: Counter = meter.createCounter(metric.name, optionsOf(metric));
  return (value, labels?) => made.add(value, labels);
}

/** A histogram that values are recorded in. */
export function histogram<const M extends MetricDefinition & { kind: 'histogram' }>(
  meter: Meter,
  metric: M,
): Observe<M> {
  const { buckets } = metric;
  const made: Histogram = meter.createHistogram(metric.name, {
    ...optionsOf(metric),
    ...(buckets === undefined ? {} : { advice: { explicitBucketBoundaries: [...buckets] } }),
  });
  return (value, labels?) => made.record(value, labels);
}

/**
 * A gauge, or a counter that is kept elsewhere: read at each scrape. A gauge's labels that were there before and are there no more read 0, because
 * the SDK would repeat their last value for ever.
 */
export function observed<const M extends MetricDefinition & { kind: 'counter' | 'gauge' }>(
  meter: Meter,
  metric: M,
  read: (observe: Observe<M>) => void,
): void {
  const seen = new Map<string, Attributes>();
  observable(meter, metric).addCallback((result: ObservableResult) => {
    const gone = new Map(seen);
    read((value, labels?) => {
      result.observe(value, labels);
      if (labels === undefined || metric.kind !== 'gauge') return;
      const key = JSON.stringify(labels);
      seen.set(key, labels);
      gone.delete(key);
    });
    for (const labels of gone.values()) result.observe(0, labels);
  });
}

/** Several without labels that are read together. */
export function observedTogether(
  meter: Meter,
  metrics: readonly (MetricDefinition & { kind: 'counter' | 'gauge' })[],
  read: () => Promise<readonly number[] | undefined>,
): void {
  const made = metrics.map((metric) => observable(meter, metric));
  meter.addBatchObservableCallback(async (result) => {
    const values = await read();
    values?.forEach((value, index) => {
      const instrument = made[index];
      if (instrument !== undefined) result.observe(instrument, value);
    });
  }, made);
}

function observable(meter: Meter, metric: MetricDefinition): Observable {
  return metric.kind === 'counter'
    ? meter.createObservableCounter(metric.name, optionsOf(metric))
    : meter.createObservableGauge(metric.name, optionsOf(metric));
}

function optionsOf({ unit, description }: MetricDefinition): { unit: string; description: string } {
  return { unit, description };
}
