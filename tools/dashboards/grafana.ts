import type { MetricDefinition } from '../../runtime/metrics/definition.ts';
import { prometheusName } from '../../runtime/metrics/prometheus-name.ts';

/** One line of a graph: an expression and what its lines are called (Grafana's `{{label}}`). */
export interface Query {
  readonly expr: string;
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  /** What a reader should make of it. */
  readonly about: string;
  readonly unit: 'short' | 's' | 'bytes' | 'reqps' | 'percentunit';
  readonly queries: readonly Query[];
  readonly kind?: 'stat' | 'timeseries';
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly about: string;
  readonly rows: readonly Row[];
}

/** What the dashboard shows, by its variables. */
const CHOSEN = 'namespace=~"$namespace", pod=~"$pod"';

/** The series of a metric that are chosen; `matchers` in PromQL. `suffix` for those of a histogram. */
export function series(metric: MetricDefinition, matchers = '', suffix = ''): string {
  return `${prometheusName(metric)}${suffix}{${CHOSEN}${matchers === '' ? '' : `, ${matchers}`}}`;
}

/** What a counter grew by in a second, by some labels; of a histogram its observations. */
export function perSecond(metric: MetricDefinition, by: string, matchers = ''): string {
  const suffix = metric.kind === 'histogram' ? '_count' : '';
  return `sum by (${by}) (rate(${series(metric, matchers, suffix)}[$__rate_interval]))`;
}

export function total(metric: MetricDefinition, by = '', matchers = ''): string {
  return `sum${by === '' ? '' : ` by (${by})`} (${series(metric, matchers)})`;
}

/** The median and the slowest twentieth of a histogram. */
export function times(metric: MetricDefinition, matchers = ''): readonly Query[] {
  return [0.5, 0.95, 0.99].map((share) => ({
    expr: `histogram_quantile(${share}, sum by (le) (rate(${series(metric, matchers, '_bucket')}[$__rate_interval])))`,
    legend: `p${share * 100}`,
  }));
}

const WIDTH = 24;
const ACROSS = 3;
const HEIGHT = 8;

/** The JSON that Grafana imports (10 and later). */
export function grafanaJson({ uid, title, about, rows }: Dashboard): string {
  let y = 0;
  let id = 0;
  const panels = rows.flatMap((row) => {
    id += 1;
    const heading = { id, type: 'row', title: row.title, collapsed: false, gridPos: { x: 0, y, w: WIDTH, h: 1 } };
    const top = y + 1;
    y = top + Math.ceil(row.panels.length / ACROSS) * HEIGHT;
    const w = WIDTH / ACROSS;
    const below = row.panels.map((panel, index) => {
      id += 1;
      const gridPos = { x: (index % ACROSS) * w, y: top + Math.floor(index / ACROSS) * HEIGHT, w, h: HEIGHT };
      return panelJson(panel, id, gridPos);
    });
    return [{ ...heading, panels: [] }, ...below];
  });
  const dashboard = {
    uid,
    title,
    description: about,
    tags: ['pivot'],
    schemaVersion: 39,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Data source' },
        variable('namespace', 'Namespace', 'label_values(pivot_process_memory_bytes, namespace)'),
        variable('pod', 'Pod', 'label_values(pivot_process_memory_bytes{namespace=~"$namespace"}, pod)'),
      ],
    },
    panels,
  };
  return `${JSON.stringify(dashboard, undefined, 2)}\n`;
}

const DATASOURCE = { type: 'prometheus', uid: '$' + '{datasource}' } as const;

function variable(name: string, label: string, query: string): object {
  return {
    name,
    label,
    type: 'query',
    datasource: DATASOURCE,
    query: { query, refId: name },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
  };
}

function panelJson({ title, about, unit, queries, kind = 'timeseries' }: Panel, id: number, gridPos: object): object {
  return {
    id,
    type: kind,
    title,
    description: about,
    datasource: DATASOURCE,
    gridPos,
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options:
      kind === 'stat'
        ? { reduceOptions: { calcs: ['lastNotNull'] }, colorMode: 'none' }
        : { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
    })),
  };
}
