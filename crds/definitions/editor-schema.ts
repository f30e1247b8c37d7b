import { CALLFLOW_LIMITS } from '../callflow/limits.ts';
import type { FieldSchema, ModuleSchema } from '../callflow/schema.ts';
import { SKIP_MODULE } from '../callflow/schema.ts';
import { MODULE_ALIASES, moduleSchemas } from '../callflow/schemas.ts';
import type { Definition } from './definition.ts';
import type { Presence, ResourceField } from './field.ts';
import { fullDescription } from './limits-in-words.ts';

type JsonSchema = { readonly [key: string]: unknown };

const DRAFT = 'http://json-schema.org/draft-07/schema#';

/** The JSON Schema (draft 07) of a manifest, for editors: completion, hover texts, mistakes underlined. */
export function editorSchema({ kind, description, scope, spec, status }: Definition): JsonSchema {
  return {
    $schema: DRAFT,
    title: kind,
    description,
    type: 'object',
    required: ['apiVersion', 'kind', 'metadata', 'spec'],
    properties: {
      apiVersion: { const: 'pivot.voice/v1alpha1' },
      kind: { const: kind },
      metadata: {
        type: 'object',
        required: ['name'],
        properties: {
          name: { type: 'string', maxLength: 63 },
          ...(scope === 'Namespaced' ? { namespace: { type: 'string', maxLength: 63 } } : {}),
          labels: { type: 'object', additionalProperties: { type: 'string' } },
          annotations: { type: 'object', additionalProperties: { type: 'string' } },
        },
      },
      spec: fieldSchema(spec),
      status: { type: 'object', description: status.description },
    },
    additionalProperties: false,
  };
}

/** The JSON Schema of Callflow JSON: an action with all that follows it. */
export function callflowEditorSchema(): JsonSchema {
  const aliases = Object.keys(MODULE_ALIASES);
  return {
    $schema: DRAFT,
    title: 'Callflow JSON',
    description: `A tree of actions: at most ${CALLFLOW_LIMITS.nodes}, ${CALLFLOW_LIMITS.depth} in one branch, ${CALLFLOW_LIMITS.bytes / 1024} KiB.`,
    $ref: '#/definitions/action',
    definitions: {
      action: {
        type: 'object',
        required: ['module'],
        properties: {
          module: {
            type: 'string',
            description: 'Kind of the action.',
            enum: [...moduleSchemas.map((one) => one.module), ...aliases],
          },
          data: { type: 'object', description: 'Fields of the action.' },
          children: {
            type: 'object',
            description: 'Actions that follow; "_" is the default branch.',
            additionalProperties: { $ref: '#/definitions/action' },
          },
        },
        allOf: moduleSchemas.map((one) => ({
          if: { properties: { module: { const: one.module } } },
          // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
          then: { description: one.summary, properties: { data: dataSchema(one) } },
        })),
      },
    },
  };
}

function dataSchema({ fields, required, openFields }: ModuleSchema): JsonSchema {
  const all = Object.entries({ ...fields, skip_module: SKIP_MODULE });
  return {
    properties: Object.fromEntries(all.map(([name, field]) => [name, fieldSchema(field as ResourceField)])),
    ...(required === undefined || required.length === 0 ? {} : { required }),
    ...(openFields === undefined ? {} : { additionalProperties: true }),
  };
}

const KEYWORDS = [
  'default',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
  'maxProperties',
  'uniqueItems',
  'required',
] as const;

function fieldSchema(field: ResourceField): JsonSchema {
  const description = fullDescription(field);
  if (field.content === 'action') return { description, $ref: 'callflow.json' };
  if (field.content === 'any') return { description };
  const schema: { [key: string]: unknown } = { type: typesOf(field), description };
  for (const keyword of KEYWORDS) if (field[keyword] !== undefined) schema[keyword] = field[keyword];
  if (field.enum !== undefined) {
    schema['enum'] =
      field.lowerCase === true ? [...field.enum, ...field.enum.map((one) => String(one).toUpperCase())] : field.enum;
  }
  if (field.format === 'url') schema['format'] = 'uri';
  if (field.format === 'date-time') schema['format'] = 'date-time';
  if (field.listType === 'set') schema['uniqueItems'] = true;
  if (field.items !== undefined) schema['items'] = fieldSchema(field.items);
  if (field.properties !== undefined) {
    schema['properties'] = Object.fromEntries(
      Object.entries(field.properties).map(([name, one]) => [name, fieldSchema(one)]),
    );
    schema['additionalProperties'] = field.additionalProperties ?? false;
  } else if (typeof field.additionalProperties === 'object') {
    schema['additionalProperties'] = fieldSchema(field.additionalProperties as ResourceField);
  }
  if (field.presence !== undefined) schema['allOf'] = field.presence.map(presenceSchema);
  return schema;
}

/** What is written as text, where Kazoo's users do so, is no mistake. */
function typesOf({ type, textual, intOrString }: ResourceField): FieldSchema['type'] {
  if (intOrString === true) return ['integer', 'string'];
  if (textual === undefined || type === 'string') return type;
  return [...new Set([...(typeof type === 'string' ? [type] : type), 'string' as const])];
}

function presenceSchema(presence: Presence): JsonSchema {
  const needs = (name: string): JsonSchema => ({ required: [name] });
  if ('exactlyOne' in presence) return { oneOf: presence.exactlyOne.map(needs) };
  if ('atLeastOne' in presence) return { anyOf: presence.atLeastOne.map(needs) };
  if (presence.is === undefined) return { dependencies: { [presence.field]: presence.needs } };
  return {
    if: { properties: { [presence.field]: { const: presence.is } }, required: [presence.field] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { required: presence.needs },
  };
}
