import { readFileSync } from 'node:fs';

const ROW = /^\| `(\w+)` \| (\w+) \| .* \| (.*) \|$/;
/** Of every series. */
const EVERYWHERE = ['otel_scope_name', 'otel_scope_version'];

/** The series that `docs/metrics.md` has, with their labels. */
export function documentedSeries(): ReadonlyMap<string, ReadonlySet<string>> {
  const page = readFileSync(new URL('../docs/metrics.md', import.meta.url), 'utf8');
  const documented = new Map<string, ReadonlySet<string>>();
  for (const line of page.split('\n')) {
    const [, name, kind, labels = ''] = ROW.exec(line) ?? [];
    if (name === undefined) continue;
    const known = [...labels.matchAll(/(?:^|<br>)`(\w+)`:/g)].map((match) => String(match[1]));
    const all = new Set([...EVERYWHERE, ...known]);
    if (kind === 'histogram') {
      documented.set(`${name}_bucket`, new Set([...all, 'le']));
      documented.set(`${name}_sum`, all).set(`${name}_count`, all);
    } else documented.set(name, all);
  }
  return documented;
}

/** What is wrong with a scrape: metrics that the page does not have, or has with other labels. */
export function undocumented(scrape: string): readonly string[] {
  const documented = documentedSeries();
  const faults = new Set<string>();
  for (const line of scrape.split('\n')) {
    if (line === '' || line.startsWith('#') || line.startsWith('target_info')) continue;
    const name = /^\w+/.exec(line)?.[0] ?? line;
    const known = documented.get(name);
    if (known === undefined) faults.add(name);
    for (const [, label = ''] of line.matchAll(/[{,](\w+)="/g)) {
      if (known?.has(label) === false) faults.add(`${name}{${label}}`);
    }
  }
  return [...faults];
}
