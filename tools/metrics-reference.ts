import { METRIC_CATALOGUE, type MetricArea } from '../runtime/metrics/catalogue.ts';
import type { MetricDefinition } from '../runtime/metrics/definition.ts';
import { prometheusName } from '../runtime/metrics/prometheus-name.ts';
import { anchor } from './error-reference.ts';

/** `docs/metrics.md`: every metric with its labels. */
export function metricsReference(): string {
  return `${[
    '# Metrics',
    '<!-- Made by tools/generate-docs.ts of runtime/metrics/; do not edit. -->',
    'Every process serves its metrics in the text format of Prometheus at `/metrics` of its HTTP port: 8080 of `pivot up` and of media workers, 8081 of operators. In a cluster `monitoring.podMonitor.enabled` of the [chart](chart-values.md) has the Prometheus operator scrape them; `monitoring.dashboards.enabled` and `monitoring.rules.enabled` bring dashboards for Grafana and alerts, each with a [runbook](runbooks/README.md).',
    'Names are those of OpenTelemetry with underscores for dots, the unit in words, and `_total` for counters; a histogram has `_bucket`, `_sum` and `_count`. Times are seconds. Every series has the labels `otel_scope_name` and `otel_scope_version` too. No label holds a number, an account, a callflow or a URL: what happened in one call is in its [trace](debug.md).',
    METRIC_CATALOGUE.map(({ title }) => `- [${title}](#${anchor(title)})`).join('\n'),
    ...METRIC_CATALOGUE.flatMap(section),
  ].join('\n\n')}\n`;
}

function section({ title, about, metrics }: MetricArea): string[] {
  const rows = Object.values(metrics).map(row);
  return [
    `## ${title}`,
    about,
    ['| metric | kind | what it says | labels |', '| --- | --- | --- | --- |', ...rows].join('\n'),
  ];
}

function row(metric: MetricDefinition): string {
  const labels = Object.entries(metric.labels ?? {}).map(
    ([name, values]) => `\`${name.replaceAll('.', '_')}\`: ${values}`,
  );
  return `| \`${prometheusName(metric)}\` | ${metric.kind} | ${metric.description} | ${labels.join('<br>')} |`;
}
