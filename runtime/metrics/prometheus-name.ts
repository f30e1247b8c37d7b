import type { MetricDefinition } from './definition.ts';

const SUFFIXES: Readonly<Record<string, string>> = { s: 'seconds', By: 'bytes' };

/** The name with its unit, before the exporter makes underscores of dots and adds `_total` to counters. */
export function nameWithUnit({ name, unit }: Pick<MetricDefinition, 'name'> & { readonly unit: string }): string {
  const suffix = SUFFIXES[unit];
  return suffix === undefined || name.endsWith(`.${suffix}`) ? name : `${name}.${suffix}`;
}

/** What Prometheus calls a metric (OpenTelemetry, "Prometheus and OpenMetrics Compatibility": unit in words, then `_total`). */
export function prometheusName(metric: Pick<MetricDefinition, 'name' | 'kind'> & { readonly unit: string }): string {
  const name = nameWithUnit(metric).replaceAll('.', '_');
  return metric.kind === 'counter' ? `${name}_total` : name;
}
