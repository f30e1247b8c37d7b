import { KAZOO_DIFFERENCES } from '../crds/callflow/kazoo-differences.ts';
import { CALLFLOW_LIMITS } from '../crds/callflow/limits.ts';
import { type ChildKeys, type FieldSchema, type ModuleSchema, SKIP_MODULE } from '../crds/callflow/schema.ts';
import { MODULE_ALIASES, moduleSchemas } from '../crds/callflow/schemas.ts';
import { callflowCodes } from '../crds/errors/callflow.ts';
import { engineCodes } from '../crds/errors/engine.ts';
import { anchor, escapeHtml } from './error-reference.ts';

/** `docs/callflow-reference.md`: every module with its fields, and how Pivot differs from Kazoo. `running`: the modules the worker runs. */
export function callflowReference(running: ReadonlySet<string>): string {
  return `${[
    '# Callflow JSON',
    '<!-- Made by tools/generate-docs.ts of crds/callflow/; do not edit. -->',
    INTRODUCTION,
    '## Modules',
    table(
      ['Module', 'What it does', 'Answers the call', 'Runs today'],
      moduleSchemas.map((one) => [
        link(one.module),
        one.summary,
        one.answers,
        running.has(one.module) ? 'yes' : 'no: skipped',
      ]),
    ),
    ...moduleSchemas.map((one) => section(one, running.has(one.module))),
    differences(),
  ].join('\n\n')}\n`;
}

const INTRODUCTION = `A callflow is a tree of actions. An action is an object:

\`\`\`json
{"module": "tts", "data": {"text": "Hello"}, "children": {"_": {"module": "hangup"}}}
\`\`\`

\`module\` names what the action does, \`data\` holds its fields, \`children\` maps the branches that it may take to further actions. \`_\` is the default branch. When nothing is left to run, the call ends.

Callflows stand in the \`flow\` and \`failback\` of a PivotCallflow and in the answers of web servers. They are checked as a whole before anything runs; every fault is reported with its place ([${codes('notJson')} to ${codes('moreFaults')}](errors.md#pv-11xx-callflow-json)). Fields that a module does not know have no effect. Fields that are left out take their defaults. \`pivot validate FILE.json\` checks a callflow.

A callflow may have ${CALLFLOW_LIMITS.nodes} actions, ${CALLFLOW_LIMITS.depth} of them in one branch, and ${CALLFLOW_LIMITS.bytes / 1024} KiB of JSON. Expressions are RE2 expressions.

All modules of Kazoo are known, so a callflow that uses any of them is accepted. A module that the worker does not run yet is skipped with the warning [${engineCodes.moduleNotRun.code}](errors.md#${anchor(`${engineCodes.moduleNotRun.code} — ${engineCodes.moduleNotRun.title}`)}): the call goes on at \`_\`.

Every action also has the field \`skip_module\`: ${SKIP_MODULE.description}`;

function codes(name: keyof typeof callflowCodes): string {
  return callflowCodes[name].code;
}

function link(module: string): string {
  return `[\`${module}\`](#${anchor(module)})`;
}

function section(schema: ModuleSchema, runs: boolean): string {
  const rows = [...fieldRows(schema.fields, schema.required ?? [], '')];
  return [
    `### \`${schema.module}\``,
    escapeHtml(schema.summary),
    runs ? '' : `*Not run yet: skipped with a warning; the call goes on at \`_\`.*`,
    rows.length === 0
      ? (schema.openFields ?? 'No fields.')
      : table(['Field', 'Type', 'Default', 'Limits', 'Meaning'], rows),
    `**Children.** ${children(schema.children)}`,
    ...(schema.differences === undefined ? [] : [`**Unlike Kazoo.** ${schema.differences.join(' ')}`]),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function* fieldRows(
  fields: Readonly<Record<string, FieldSchema>>,
  required: readonly string[],
  prefix: string,
): Generator<readonly string[]> {
  for (const [name, field] of Object.entries(fields)) {
    const path = `${prefix}${name}`;
    const fallback =
      field.default === undefined
        ? required.includes(name)
          ? '**required**'
          : ''
        : `\`${JSON.stringify(field.default)}\``;
    yield [`\`${path}\``, typeOf(field), fallback, limits(field), field.description];
    const inner = field.properties ?? {};
    yield* fieldRows(inner, field.required ?? [], `${path}.`);
    const items = field.items?.properties ?? {};
    yield* fieldRows(items, field.items?.required ?? [], `${path}[].`);
  }
}

function typeOf(field: FieldSchema): string {
  const types = typeof field.type === 'string' ? [field.type] : field.type;
  return types
    .map((type) => (type === 'array' && field.items !== undefined ? `list of ${typeOf(field.items)}` : type))
    .join(' or ');
}

function limits(field: FieldSchema): string {
  const parts: string[] = [];
  const allowed = field.enum ?? field.items?.enum;
  if (allowed !== undefined)
    parts.push(allowed.map((value) => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``).join(', '));
  parts.push(...range(field.minimum, field.maximum, ''), ...range(field.minLength, field.maxLength, ' characters'));
  parts.push(...range(field.minItems, field.maxItems, ' entries'));
  if (field.uniqueItems === true) parts.push('no entry twice');
  if (field.pattern !== undefined) parts.push(`form \`${field.pattern}\``);
  if (field.format === 'url') parts.push('http or https URL');
  if (field.format === 're2') parts.push('RE2 expression');
  return parts.join('; ');
}

function range(least: number | undefined, most: number | undefined, unit: string): string[] {
  if (least !== undefined && most !== undefined) return [`${least} to ${most}${unit}`];
  if (least !== undefined) return [`at least ${least}${unit}`];
  return most === undefined ? [] : [`at most ${most}${unit}`];
}

function children(keys: ChildKeys): string {
  const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');
  switch (keys.kind) {
    case 'none':
      return 'None: nothing follows.';
    case 'default':
      return '`_`.';
    case 'named':
      return `${list(keys.keys)}, else \`_\`.`;
    case 'digits':
      return `The digits keyed in, ${list(keys.keys)}, else \`_\`.`;
    case 'thresholds':
      return 'Whole numbers: the highest one that is not above the value; else `_`.';
    case 'failures':
      return `When the call fails: its cause (\`USER_BUSY\`, \`NO_ANSWER\`, …), then its SIP code (\`sip:486\`)${keys.fallsBack ? ', else `_`' : '. `_` is not taken'}.`;
    case 'values':
      return `Named by ${keys.what}; else \`_\`.`;
  }
}

function differences(): string {
  const aliases = Object.entries(MODULE_ALIASES).map(([alias, module]) => `\`${alias}\` is taken as \`${module}\``);
  return [
    '## Differences from Kazoo',
    [
      `- ${aliases.join(', ')}, with a warning (${codes('moduleAlias')}); Kazoo refuses both.`,
      `- A callflow document with \`flow\` is taken where an action is expected, with a warning (${codes('wrappedCallflow')}); Kazoo refuses it in answers.`,
      '- Every `id` is the name of a resource in the namespace of the call; Kazoo wants 32 characters for some.',
      `- Numbers written as text (\`"timeout": "5"\`) are converted, with a warning (${codes('coercedValue')}); Kazoo does so in its REST API only.`,
      `- URLs are checked in every field, expressions must be RE2 (${codes('urlRefused')}, ${codes('patternRefused')}), and there are limits of size.`,
      '- What differs within one module stands in its section above, as "Unlike Kazoo".',
    ].join('\n'),
    "Kazoo's own examples of refused data that Pivot accepts, all of them:",
    table(
      ['Module', 'Data', 'Kazoo', 'Pivot'],
      KAZOO_DIFFERENCES.map(({ module, data, kazoo, here }) => [
        link(module),
        `\`${JSON.stringify(data)}\``,
        `refuses: ${kazoo}`,
        here,
      ]),
    ),
  ].join('\n\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => escapeHtml(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
