/** Alerts and dashboards of the chart: they ask for metrics that there are, each alert has its runbook, and fires when it should. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { documentedSeries } from '../documented-metrics.ts';
import { findHelm } from './helm.ts';
import { findPromtool, promtool } from './promtool.ts';
import { find, objectsOf, render } from './rendered.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Groups {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly description?: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FILES = join(ROOT, 'charts/pivot/files/monitoring');
const RUNBOOKS = join(ROOT, 'docs/runbooks');
const CASES = fileURLToPath(new URL('alerts.test.yaml', import.meta.url));
const ALERTS = join(FILES, 'alerts.yaml');
const rules = (parse(readFileSync(ALERTS, 'utf8')) as Groups).groups.flatMap((group) => group.rules);
const dashboards = readdirSync(FILES).filter((file) => file.endsWith('.json'));
const documented = documentedSeries();
/** Of the target, given by whoever scrapes. */
const SCRAPED = ['namespace', 'pod'];

/** Series that an expression names, and labels that it asks of them, which there are not. */
function unknownIn(expr: string): readonly string[] {
  const faults: string[] = [];
  for (const [, name = '', matchers = ''] of expr.matchAll(/\b((?:pivot|otel)_\w+)(?:\{([^}]*)\})?/g)) {
    const labels = documented.get(name);
    if (labels === undefined) faults.push(name);
    for (const [, label = ''] of matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)) {
      if (labels?.has(label) === false && !SCRAPED.includes(label)) faults.push(`${name}{${label}}`);
    }
  }
  return faults;
}

test('an expression with a metric or a label that there is not is found', () => {
  assert.deepEqual(unknownIn('rate(pivot_cals_total[5m]) + pivot_calls_total{outcome="x", pod="y"}'), [
    'pivot_cals_total',
    'pivot_calls_total{outcome}',
  ]);
});

describe('the alerts', () => {
  for (const { alert, expr, labels, annotations } of rules) {
    test(`${alert} asks for metrics that there are, and has a runbook`, () => {
      assert.match(expr, /\bpivot_|\botel_/);
      assert.deepEqual(unknownIn(expr), []);
      assert.match(labels['severity'] ?? '', /^(critical|warning|info)$/);
      assert.ok(annotations['summary'] && annotations['description']);
      const page = readFileSync(join(RUNBOOKS, `${alert}.md`), 'utf8');
      const headings = page.split('\n').filter((line) => line.startsWith('#'));
      assert.deepEqual(headings, [`# ${alert}`, '## What it means', '## How to look', '## What to do']);
      const inCommands = [...page.matchAll(/^ {4}(.*)$/gm)].map(([, line = '']) => line);
      assert.deepEqual(inCommands.filter((line) => !line.startsWith('kubectl')).flatMap(unknownIn), []);
      for (const [, link = ''] of page.matchAll(/\]\(([\w./-]+\.md)/g)) {
        assert.ok(existsSync(join(RUNBOOKS, link)), `${link} is not there`);
      }
    });
  }

  test('each has a row in the list of runbooks, and each runbook an alert', () => {
    const list = readFileSync(join(RUNBOOKS, 'README.md'), 'utf8');
    const rows = [...list.matchAll(/^\| \[(\w+)\]\(\1\.md\) \| (\w+) \| (.*) \|$/gm)].map((row) => row.slice(1));
    assert.deepEqual(
      rows,
      rules.map(({ alert, labels, annotations }) => [alert, labels['severity'], annotations['summary']]),
    );
    const pages = readdirSync(RUNBOOKS).filter((file) => file !== 'README.md');
    assert.deepEqual(pages, rules.map(({ alert }) => `${alert}.md`).toSorted());
  });

  test('each has a case in which it fires and one in which it does not', () => {
    const { tests } = parse(readFileSync(CASES, 'utf8')) as {
      tests: { alert_rule_test: { alertname: string; exp_alerts: object[] }[] }[];
    };
    const cases = tests.flatMap((one) => one.alert_rule_test);
    for (const { alert } of rules) {
      const fires = cases.filter(({ alertname }) => alertname === alert).map(({ exp_alerts }) => exp_alerts.length > 0);
      assert.ok(fires.includes(true) && fires.includes(false), alert);
    }
  });
});

describe('the dashboards', () => {
  for (const file of dashboards) {
    test(`${file} asks for metrics that there are`, () => {
      const { panels } = JSON.parse(readFileSync(join(FILES, file), 'utf8')) as { panels: readonly Panel[] };
      assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
      for (const { title, description, targets } of panels) {
        if (targets === undefined) continue;
        assert.ok(description, title);
        for (const { expr } of targets) assert.deepEqual(unknownIn(expr), [], title);
      }
    });
  }

  test('show every metric that is of the product', () => {
    const shown = dashboards.map((file) => readFileSync(join(FILES, file), 'utf8')).join('');
    const families = [...documented.keys()].map((name) => name.replace(/_(?:bucket|sum|count)$/, ''));
    // A Pod that has FreeSWITCH has none of them.
    const missing = families.filter((name) => !shown.includes(name) && !name.startsWith('pivot_softswitch_'));
    assert.deepEqual(missing, []);
  });
});

const prometheus = findPromtool();

describe('Prometheus', { skip: prometheus.ok ? false : prometheus.hint }, () => {
  test('takes the rules', () => {
    const { code, said } = promtool('check', 'rules', ALERTS);
    assert.equal(code, 0, said);
    assert.match(said, new RegExp(`${rules.length} rules found`));
  });

  test('fires each of them when it should and not when it should not', () => {
    const { code, said } = promtool('test', 'rules', CASES);
    assert.equal(code, 0, said);
  });

  test('takes the expressions of the dashboards', () => {
    const exprs = dashboards
      .flatMap((file) => (JSON.parse(readFileSync(join(FILES, file), 'utf8')) as { panels: Panel[] }).panels)
      .flatMap(({ targets = [] }) => targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '5m')));
    const recorded = exprs.map((expr, index) => ({ record: `expression:${index}`, expr }));
    const folder = mkdtempSync(join(tmpdir(), 'pivot-dashboards-'));
    try {
      writeFileSync(join(folder, 'rules.yaml'), stringify({ groups: [{ name: 'dashboards', rules: recorded }] }));
      const { code, said } = promtool('check', 'rules', join(folder, 'rules.yaml'));
      assert.equal(code, 0, said);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

const helm = findHelm();

describe('the chart', { skip: helm.ok ? false : helm.hint }, () => {
  const program = helm.ok ? helm.programs.helm4 : '';

  test('makes a PrometheusRule of the rules, with the address of each runbook', async () => {
    const made = find(objectsOf(await render(program, 'production')), 'PrometheusRule', 'pivot');
    const rendered = (made.spec as unknown as Groups).groups.flatMap((group) => group.rules);
    const { disabled, alertLabels } = { disabled: 'PivotCallflowsNotAccepted', alertLabels: { team: 'voice' } };
    assert.deepEqual(
      rendered,
      rules
        .filter(({ alert }) => alert !== disabled)
        .map((rule) => ({
          ...rule,
          labels: { ...rule.labels, ...alertLabels },
          annotations: {
            ...rule.annotations,
            runbook_url: `https://docs.example.com/pivot/runbooks/${rule.alert}.md`,
          },
        })),
    );
  });

  test('makes a ConfigMap of the dashboards, for the sidecar of Grafana', async () => {
    const { metadata, data = {} } = find(
      objectsOf(await render(program, 'production')),
      'ConfigMap',
      'pivot-dashboards',
    );
    assert.equal(metadata.labels?.['grafana_dashboard'], '1');
    assert.deepEqual(metadata.annotations, { grafana_folder: 'Voice' });
    assert.deepEqual(Object.keys(data), dashboards);
    for (const [file, text] of Object.entries(data)) {
      assert.equal(text.trim(), readFileSync(join(FILES, file), 'utf8').trim());
    }
  });

  test('makes neither unless it is told to', async () => {
    const kinds = objectsOf(await render(program, 'defaults')).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    assert.ok(!kinds.includes('PrometheusRule pivot') && !kinds.includes('ConfigMap pivot-dashboards'));
  });
});
