import type { Definition } from '../crds/definitions/definition.ts';
import type { ResourceField } from '../crds/definitions/field.ts';
import { limitsInWords } from '../crds/definitions/limits-in-words.ts';
import { REASONS } from '../crds/definitions/reasons.ts';
import { escapeHtml } from './error-reference.ts';

/** `docs/resources.md`: every kind with its fields, rules, conditions and columns. */
export function resourceReference(definitions: readonly Definition[]): string {
  return `${[
    '# Resources',
    '<!-- Made by tools/generate-crds.ts of crds/definitions/; do not edit. -->',
    INTRODUCTION,
    table(
      ['Kind', 'Short name', 'Scope', 'What it is'],
      definitions.map((one) => [
        `[${one.kind}](#${one.kind.toLowerCase()})`,
        `\`${one.shortName}\``,
        one.scope === 'Cluster' ? 'cluster' : 'namespace',
        one.description,
      ]),
    ),
    ...definitions.map(section),
    '## Reasons of conditions',
    REASONS_INTRODUCTION,
    table(
      ['Condition', 'Reason', 'Status', 'Meaning'],
      REASONS.map((one) => [`\`${one.condition}\``, `\`${one.reason}\``, one.status, one.meaning]),
    ),
  ].join('\n\n')}\n`;
}

const INTRODUCTION = `Everything that Pivot is told in a cluster it is told by these resources, of API group \`pivot.voice\`, version \`v1alpha1\`. \`kubectl get pivot\` lists them all, \`kubectl explain pivotcallflow.spec.pivot\` says what stands here. \`pivot up\` and \`pivot validate\` read the same manifests from a folder, a PivotFleet named \`default\` among them. [Numbers](numbers.md) says who gets a number, and shows what conditions say.

A namespace is an account: resources refer to Secrets and to each other by name, within their own namespace only. A name has at most 63 characters.

Fields that are left out have the defaults named here. The defaults are not stored: a resource stays as its author wrote it, so tools that compare it with a repository find no difference.

The API server refuses what breaks a type, a limit or a rule of this page. What it cannot check, such as the actions of a callflow, the operator checks, and tells the outcome in the condition \`Accepted\` with a [code](errors.md).

**Editors.** \`schemas/\` holds a JSON Schema for each kind. With the YAML extension of VS Code, or any editor that uses yaml-language-server, a first line \`# yaml-language-server: $schema=PATH/schemas/pivotcallflow.json\` brings completion and checks, inside callflows too.

**\`on\` in YAML.** \`kubectl\` reads YAML 1.1, where a bare \`on\` is \`true\`. Write \`retries: {attempts: 1, when: [connect]}\`, or put the name in quotes: \`"on": [connect]\`.`;

const REASONS_INTRODUCTION =
  '`kubectl wait --for=condition=Programmed pivotcallflow/NAME` waits for a condition; scripts can rely on these reasons. A resource that is not valid has `ResolvedRefs` Unknown, for the same reason as `Accepted`.';

function section(definition: Definition): string {
  const { kind, description, spec, status, conditions, columns, example } = definition;
  return [
    `## ${kind}`,
    escapeHtml(description),
    `\`\`\`yaml\n${example}\`\`\``,
    table(['Field of `spec`', 'Type', 'Meaning'], [...fieldRows(spec, '')]),
    rules(spec),
    '**Conditions.**',
    table(
      ['Condition', 'True means'],
      conditions.map((one) => [`\`${one.type}\``, one.meaning]),
    ),
    table(
      ['Field of `status`', 'Type', 'Meaning'],
      [...fieldRows(status, '')].filter(([name]) => !/`conditions\[\]/.test(name!)),
    ),
    `**Columns** of \`kubectl get\`: ${columns.map((one) => `${one.name}${one.wide === true ? ' (`-o wide`)' : ''}`).join(', ')}.`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function* fieldRows(field: ResourceField, prefix: string): Generator<readonly string[]> {
  for (const [name, one] of Object.entries(field.properties ?? {})) {
    const required = field.required?.includes(name) === true ? '**Required.** ' : '';
    const meaning = [`${required}${one.description}`, ...limitsInWords(one), ...allowed(one)].join(' ');
    yield [`\`${prefix}${name}\``, typeOf(one), meaning];
    yield* fieldRows(one, `${prefix}${name}.`);
    if (one.items !== undefined) yield* fieldRows(one.items, `${prefix}${name}[].`);
  }
}

function allowed(field: ResourceField): string[] {
  const { enum: values } = field;
  const words = values === undefined ? [] : [`One of ${values.map((value) => `\`${String(value)}\``).join(', ')}.`];
  if (field.listType === 'set' || field.uniqueItems === true) words.push('No entry twice.');
  return words;
}

function typeOf(field: ResourceField): string {
  if (field.intOrString === true) return 'integer or string';
  if (field.content === 'action') return 'callflow';
  if (field.content === 'any') return 'any';
  if (field.type === 'array') return field.items === undefined ? 'list' : `list of ${typeOf(field.items)}`;
  return String(field.type);
}

function rules(spec: ResourceField): string {
  const messages = [...ruleMessages(spec, '')];
  if (messages.length === 0) return '';
  return [
    '**Rules.**',
    messages.map(([path, message]) => `- ${path === '' ? '' : `\`${path}\`: `}${escapeHtml(message)}`).join('\n'),
  ].join('\n\n');
}

function* ruleMessages(field: ResourceField, path: string): Generator<readonly [path: string, message: string]> {
  for (const { message } of [...(field.presence ?? []), ...(field.rules ?? [])]) yield [path, message];
  for (const [name, one] of Object.entries(field.properties ?? {}))
    yield* ruleMessages(one, path === '' ? name : `${path}.${name}`);
  if (field.items !== undefined) yield* ruleMessages(field.items, `${path}[]`);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => escapeHtml(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
