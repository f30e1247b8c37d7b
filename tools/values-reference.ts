/** As much of a JSON Schema as the chart's schema uses. */
export interface ValueSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, ValueSchema>>;
}

interface Row {
  readonly name: string;
  readonly schema: ValueSchema;
  readonly value: unknown;
}

/** `docs/chart-values.md`: every value of the chart with its default and what the schema says of it. */
export function valuesReference(schema: ValueSchema, defaults: unknown): string {
  const sections = Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const value = (defaults as Record<string, unknown>)[name];
    if (value === undefined) return [];
    const rows = leaves({ name, schema: member, value });
    const lines = rows.map(
      (row) =>
        `| \`${row.name}\` | ${shown(row.value)} | ${(row.schema.description ?? '').replaceAll('|', '\\|')}${limits(row.schema)} |`,
    );
    const about = member.properties === undefined ? [] : [member.description ?? '', ''];
    return [`## ${name}`, '', ...about, '| value | default | meaning |', '| --- | --- | --- |', ...lines, ''];
  });
  return [
    '<!-- Made by tools/generate-chart.ts of charts/pivot/values.schema.json and values.yaml; do not edit. -->',
    '# Values of the chart',
    '',
    'Every value of `charts/pivot`. The schema refuses names that are not here and values of the wrong kind, with a message. How to use them: [Installing](install.md), [Operations](operations.md).',
    '',
    ...sections,
  ]
    .join('\n')
    .replace(/\n+$/, '\n');
}

/** The values below one, each by its whole name. Resources and what is free in form are one value. */
function leaves({ name, schema, value }: Row): readonly Row[] {
  if (schema.properties === undefined || name.endsWith('.resources')) return [{ name, schema, value }];
  return Object.entries(schema.properties).flatMap(([member, below]) => {
    const inner = (value as Record<string, unknown> | undefined)?.[member];
    return inner === undefined ? [] : leaves({ name: `${name}.${member}`, schema: below, value: inner });
  });
}

function shown(value: unknown): string {
  return value === null || value === '' ? '' : `\`${JSON.stringify(value).replaceAll('|', '\\|')}\``;
}

function limits({ enum: values, minimum, maximum }: ValueSchema): string {
  if (values !== undefined) return ` One of ${values.map((one) => `\`${one}\``).join(', ')}.`;
  return minimum === undefined || maximum === undefined ? '' : ` ${minimum} to ${maximum}.`;
}
