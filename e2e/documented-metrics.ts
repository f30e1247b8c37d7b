import { readFileSync } from 'node:fs';

const ROW = /^\| `(\w+)` \| (\w+) \| .* \| (.*) \|$/;
/** Of every series, and of a histogram's. */
const EVERYWHERE = ['otel_scope_name', 'otel_scope_version'];

/** What is wrong with a scrape: metrics that `docs/metrics.md` does not have, or has with other labels. */
export function undocumented(scrape: string): readonly string[] {
  const page = readFileSync(new URL('../docs/metrics.md', import.meta.url), 'utf8');
  const documented = new Map<string, ReadonlySet<string>>();
  for (const line of page.split('\n')) {
    const [, name = '', kind, labels = ''] = ROW.exec(line) ?? [];
    const known = [...labels.matchAll(/(?:^|<br>)`(\w+)`:/g)].map((match) => String(match[1]));
    const names = kind === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => `${name}${suffix}`) : [name];
    if (name !== '') for (const one of names) documented.set(one, new Set([...EVERYWHERE, ...known, 'le']));
  }
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
