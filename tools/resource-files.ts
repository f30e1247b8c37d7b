import { stringify } from 'yaml';
import { customResourceDefinition } from '../crds/definitions/custom-resource-definition.ts';
import { definitions } from '../crds/definitions/definitions.ts';
import { callflowEditorSchema, editorSchema } from '../crds/definitions/editor-schema.ts';
import { resourceReference } from './resource-reference.ts';

const NOTE = '# Made by tools/generate-crds.ts of crds/definitions/; do not edit.\n';

/** Every file that is made of the definitions: its path from the root of the repository, and its text. */
export function generatedFiles(): readonly (readonly [path: string, text: string])[] {
  return [
    ...definitions.map((one) => [`crds/${one.plural}.yaml`, `${NOTE}${yaml(customResourceDefinition(one))}`] as const),
    ...definitions.map((one) => [`schemas/${one.kind.toLowerCase()}.json`, json(editorSchema(one))] as const),
    ['schemas/callflow.json', json(callflowEditorSchema())],
    ['docs/resources.md', resourceReference(definitions)],
  ];
}

/** As YAML 1.1, which `kubectl` reads: there a bare key `on` is `true`, so it gets quotes. */
function yaml(value: object): string {
  return stringify(value, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false });
}

const WIDTH = 120;

/** JSON as the repository's formatter writes it: short lists of scalars on one line. */
function json(value: unknown): string {
  return `${print(value, '', 0)}\n`;
}

function print(value: unknown, indent: string, before: number): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const line = `[${value.map((one) => JSON.stringify(one)).join(', ')}]`;
    const scalars = value.every((one) => one === null || typeof one !== 'object');
    // One more for the comma that may follow.
    if (scalars && indent.length + before + line.length + 1 <= WIDTH) return line;
    return `[\n${value.map((one) => `${inner}${print(one, inner, 0)}`).join(',\n')}\n${indent}]`;
  }
  const members = Object.entries(value).filter(([, one]) => one !== undefined);
  if (members.length === 0) return '{}';
  const lines = members.map(([name, one]) => {
    const key = `${JSON.stringify(name)}: `;
    return `${inner}${key}${print(one, inner, key.length)}`;
  });
  return `{\n${lines.join(',\n')}\n${indent}}`;
}
