import type { FieldSchema } from '../callflow/schema.ts';
import type { ResourceField } from './field.ts';

/** Keywords of `ResourceField` that ajv checks; the others are not its business. */
const CHECKED = [
  'type',
  'description',
  'default',
  'enum',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
  'maxProperties',
  'required',
  'writeOnly',
] as const;

/** The JSON Schema (draft 07) that manifests of a resource are read with. Unknown fields, formats and presence are checked beside it. */
export function readerSchema(field: ResourceField): FieldSchema {
  const { type, description, minLength } = field;
  if (field.checkedBy === 'compile') return { type, description, ...(minLength === undefined ? {} : { minLength }) };
  const schema: { [key: string]: unknown } = {};
  for (const keyword of CHECKED) if (field[keyword] !== undefined) schema[keyword] = field[keyword];
  if (field.uniqueItems === true || (field.listType === 'set' && field.items?.checkedBy === undefined)) {
    schema['uniqueItems'] = true;
  }
  if (field.items !== undefined) schema['items'] = readerSchema(field.items);
  if (field.properties !== undefined) {
    schema['properties'] = Object.fromEntries(
      Object.entries(field.properties).map(([name, one]) => [name, readerSchema(one)]),
    );
  }
  if (typeof field.additionalProperties === 'object') {
    schema['additionalProperties'] = readerSchema(field.additionalProperties);
  }
  return schema as unknown as FieldSchema;
}
