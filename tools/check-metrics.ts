/**
 * Holds that there is no metric outside the catalogue, and nothing in it that no code makes or no dashboard shows. Instruments are made in one file, of definitions;
 * here it is looked that nobody goes around it, and that each definition is used. Prints what is wrong and exits 1.
 */
import { globSync, readFileSync } from 'node:fs';
import { sep } from 'node:path';
import { METRIC_CATALOGUE } from '../runtime/metrics/catalogue.ts';
import { SDK_METRICS, SOFTSWITCH_METRICS } from '../runtime/metrics/process-metrics.ts';
import { prometheusName } from '../runtime/metrics/prometheus-name.ts';
import { CALLS } from './dashboards/calls.ts';
import { grafanaJson } from './dashboards/grafana.ts';
import { PLATFORM } from './dashboards/platform.ts';

const INSTRUMENTS = 'runtime/metrics/instruments.ts';
const CREATES = /\.create(?:Observable)?(?:Counter|UpDownCounter|Gauge|Histogram)\(/;
const NAME = /^(?:pivot|otel)(?:\.[a-z][a-z0-9_]*)+$/;
/** The SDK makes its own; those of the softswitch are made of one table, whose type names each of them. */
const MADE_ELSEWHERE: readonly object[] = [SDK_METRICS, SOFTSWITCH_METRICS];

/** What is wrong with product code; `files` are paths from the root with their texts. */
export function checkMetrics(files: ReadonlyMap<string, string>): string[] {
  const faults: string[] = [];
  for (const [file, text] of files) {
    if (file !== INSTRUMENTS && CREATES.test(text))
      faults.push(`${file} makes an instrument; only ${INSTRUMENTS} does, of a definition in runtime/metrics/`);
  }
  const code = [...files].filter(([file]) => !file.startsWith('runtime/metrics/')).map(([, text]) => text);
  const names = new Set<string>();
  const shown = [CALLS, PLATFORM].map(grafanaJson).join('');
  for (const { metrics } of METRIC_CATALOGUE) {
    for (const [key, metric] of Object.entries(metrics)) {
      const { name } = metric;
      if (names.has(name)) faults.push(`two metrics are called ${name}`);
      names.add(name);
      if (!NAME.test(name)) faults.push(`${name} is not a name as OpenTelemetry has them: lower case, parts by dots`);
      if (metrics !== SOFTSWITCH_METRICS && !shown.includes(prometheusName(metric)))
        faults.push(`${name} is on no dashboard (tools/dashboards/)`);
      if (MADE_ELSEWHERE.includes(metrics)) continue;
      const use = new RegExp(`_METRICS\\.${key}\\b`);
      if (!code.some((text) => use.test(text))) faults.push(`${name} is in the catalogue, and no code makes it`);
    }
  }
  return faults;
}

/** Code of the product, without its tests. */
export function productFiles(): Map<string, string> {
  const found = ['cli', 'debug', 'media-worker', 'operator', 'runtime']
    .flatMap((folder) => globSync(`${folder}/**/*.ts`))
    .map((file) => file.split(sep).join('/'))
    .filter((file) => !file.endsWith('.test.ts') && !file.includes('/testing/'));
  return new Map(found.map((file) => [file, readFileSync(file, 'utf8')]));
}

if (import.meta.main) {
  const faults = checkMetrics(productFiles());
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
