import { twimlCodes } from '../../crds/errors/twiml.ts';
import type { AttributeSpec, AttributeTable } from './attributes.ts';
import { MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS } from './markup.ts';
import { SSML_ELEMENTS } from './ssml.ts';
import type { ParsedVerb, VerbDefinition } from './verb.ts';
import { VERBS } from './verbs/registry.ts';
import { SKIPPED_VERBS } from './verbs/skipped.ts';

type Documented = Pick<
  VerbDefinition<ParsedVerb>,
  'name' | 'summary' | 'content' | 'example' | 'attributes' | 'nouns' | 'differences'
>;

/** `docs/twiml-reference.md`, from the tables that the parser reads. `node tools/generate-twiml-docs.ts` writes it. */
export function twimlReference(): string {
  const verbs: readonly Documented[] = Object.values(VERBS);
  return `${[INTRODUCTION, ...verbs.map(verbSection), skippedSection(), codesSection()].join('\n\n')}\n`;
}

const INTRODUCTION = `# TwiML reference

<!-- Generated from media-worker/twiml by \`node tools/generate-twiml-docs.ts\`. Do not edit. -->

A web server may answer with TwiML whatever \`req_format\` says; the \`Content-Type\` decides (\`text/xml\`, \`application/xml\`), and without
one the first character.

    <?xml version="1.0" encoding="UTF-8"?>
    <Response>
      <Gather numDigits="1" action="/menu">
        <Say language="en-GB">For sales press one.</Say>
      </Gather>
      <Redirect/>
    </Response>

## Documents

* The root is \`<Response>\`. Its children, the verbs, run from top to bottom, each when the one before has ended. When none is left, the call
  is hung up; \`<Response/>\` is a clean hang-up.
* A verb ends in one of three ways: the next verb runs, another request is made and the rest of the document is abandoned, or the call is over.
* The whole document is checked before anything runs. What is not XML, or has another root, is a failed exchange.
* What can be mended is a **warning** in the trace, with line and column, and the call goes on: unknown verbs and attributes are skipped, numbers
  out of range are clamped, other values are replaced by the default. With \`strict: true\` on the callflow each warning is a failed exchange.
  \`pivot validate FILE.xml\` prints them all.
* Names of elements and attributes are case-sensitive. Words, \`true\` and \`false\` as values are not.
* Numbers are whole; fractions are rounded with a warning. More than the maximum counts as the maximum.
* Relative URLs count from the URL that the document came from, after redirects, by RFC 3986.
* Digits that are typed while no \`<Gather>\` waits are kept for the next one. They are never sent with a request of another verb.
* XML is read strictly: DOCTYPE and entities of its own are refused, as are a bare \`&\`, \`&nbsp;\` and an attribute given twice. CDATA, comments,
  processing instructions, a byte-order mark and blank lines before the prolog are fine; what stands after the root is ignored with a warning. Limits:
  ${MAX_BYTES / 1024} KiB, ${MAX_ELEMENTS.toLocaleString('en-US')} elements, ${MAX_DEPTH} levels.`;

function verbSection(verb: Documented): string {
  const lines = [
    `## \`<${verb.name}>\``,
    '',
    verb.summary,
    '',
    `    ${verb.example}`,
    '',
    `**Content.** ${verb.content}`,
    '',
    attributes(verb.attributes),
  ];
  for (const noun of verb.nouns ?? []) {
    lines.push('', `### \`<${noun.name}>\` in \`<${verb.name}>\``, '', noun.summary, '', attributes(noun.attributes));
  }
  if (verb.name === 'Say') lines.push('', `SSML elements: ${SSML_ELEMENTS.map((name) => `\`<${name}>\``).join(', ')}.`);
  const differences = [...verb.differences, ...attributeDifferences(verb.attributes)];
  lines.push('', '**Differences from Twilio and Kazoo**', '', ...differences.map((text) => `* ${text}`));
  return lines.join('\n');
}

function attributes(table: AttributeTable): string {
  const all = Object.entries(table);
  const known = all.filter(([, spec]) => spec.kind !== 'not yet');
  if (known.length === 0) return 'No attributes.';
  const rows = known.map(
    ([name, spec]) =>
      `| \`${name}\` | ${values(spec)} | ${byDefault(spec)} | ${spec.description.replaceAll('|', '\\|')} |`,
  );
  const lines = ['| attribute | values | default | what it does |', '| --- | --- | --- | --- |', ...rows];
  const later = all.filter(([, spec]) => spec.kind === 'not yet').map(([name]) => `\`${name}\``);
  if (later.length > 0) lines.push('', `Not supported yet, ignored with a warning: ${later.join(', ')}.`);
  return lines.join('\n');
}

function attributeDifferences(table: AttributeTable): string[] {
  return Object.entries(table).flatMap(([name, spec]) =>
    spec.differs === undefined ? [] : [`\`${name}\`: ${spec.differs}`],
  );
}

function values(spec: AttributeSpec): string {
  switch (spec.kind) {
    case 'integer': {
      const below = spec.belowMin === 'min' ? `less counts as ${spec.min}` : 'less counts as the default';
      return `${spec.min} to ${spec.max}${spec.unit === undefined ? '' : ` ${spec.unit}`}; ${below}`;
    }
    case 'boolean':
      return '`true`, `false`';
    case 'keys':
      return 'keys of `0-9*#A-D`, or empty';
    case 'dial string':
      return 'keys of `0-9*#A-D`, `w`, `W`';
    case 'url':
      return 'URL, absolute or relative';
    case 'wait':
      return 'sound or URL, or empty';
    case 'word':
      return spec.values.map((value) => `\`${value}\``).join(', ');
    case 'words':
      return `some of ${spec.values.map((value) => `\`${value}\``).join(', ')}`;
    case 'language':
      return 'language tag';
    case 'text':
      return 'text';
    case 'not yet':
      return '';
  }
}

function byDefault(spec: AttributeSpec): string {
  if (spec.kind === 'not yet' || spec.default === undefined) return '';
  return `\`${typeof spec.default === 'object' ? spec.default.join(' ') : spec.default}\``;
}

function skippedSection(): string {
  const rows = Object.entries(SKIPPED_VERBS).map(([name, what]) => `| \`<${name}>\` | ${what} |`);
  return [
    '## Verbs that are not run yet',
    '',
    `Each is skipped with the warning ${twimlCodes.verbNotYet.code}, whatever it holds; verbs after it run.`,
    '',
    '| verb | for |',
    '| --- | --- |',
    ...rows,
  ].join('\n');
}

function codesSection(): string {
  const rows = Object.values(twimlCodes).map(
    ({ code, severity, title }) => `| ${code} | ${severity} | ${escaped(title)} |`,
  );
  return [
    '## Codes',
    '',
    'Causes and cures are in [errors.md](errors.md).',
    '',
    '| code | severity | what happened |',
    '| --- | --- | --- |',
    ...rows,
  ].join('\n');
}

/** Element names in plain text, so that they are not taken for HTML. */
function escaped(text: string): string {
  return text.replace(/(?<!`)<(\/?[A-Za-z]+)>/g, '`<$1>`');
}
