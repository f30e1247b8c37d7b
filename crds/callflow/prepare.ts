import { callflowCodes } from '../errors/callflow.ts';
import { type Collector, show } from './collector.ts';
import type { Json } from './node.ts';
import { patternRefusal } from './patterns.ts';
import { join } from './pointer.ts';
import type { FieldSchema, RequiredWhen } from './schema.ts';
import { suggest } from './suggest.ts';
import { type UrlPolicy, urlRefusal, withoutCredentials } from './urls.ts';

/** JSON that is ours to change: a copy made by `prepare`. */
export type OwnJson = null | boolean | number | string | OwnJson[] | OwnObject;
export type OwnObject = { [key: string]: OwnJson };

/** Where faults go and what is allowed; the same for a whole validation. */
export interface PrepareContext {
  readonly collector: Collector;
  readonly urls: UrlPolicy;
  /** Stands before each message: the name of the module. */
  readonly subject: string;
}

/**
 * Copies a field's value and does what ajv cannot: text that is a number becomes one, letter case is mended, URLs and expressions are
 * checked, unknown fields with a known neighbour are pointed out. Types that do not fit are copied as they are: ajv reports them.
 * The caller has measured the value, so recursion is bounded.
 */
function prepare(value: Json, schema: FieldSchema | undefined, pointer: string, context: PrepareContext): OwnJson {
  if (typeof value === 'string') return schema === undefined ? value : text(value, schema, pointer, context);
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    return value.map((item: Json, index) => prepare(item, schema?.items, join(pointer, index), context));
  }
  return prepareObject(value as { readonly [key: string]: Json }, schema, pointer, context);
}

/** As `prepare`, for an object. `open`: further fields are content, none is a misspelling. */
export function prepareObject(
  value: { readonly [key: string]: Json },
  schema: Pick<FieldSchema, 'properties' | 'requiredWhen'> | undefined,
  pointer: string,
  context: PrepareContext,
  open = false,
): OwnObject {
  const copy: OwnObject = {};
  const properties = schema?.properties;
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const known = properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (known === undefined && properties !== undefined && !open) warnIfMisspelt(key, properties, pointer, context);
    const prepared = prepare(member, known, join(pointer, key), context);
    // Assigning `__proto__` would set the prototype instead of a member.
    if (key === '__proto__')
      Object.defineProperty(copy, key, { value: prepared, enumerable: true, writable: true, configurable: true });
    else copy[key] = prepared;
  }
  if (schema?.requiredWhen !== undefined) requireWhen(copy, schema.requiredWhen, pointer, context);
  return copy;
}

function requireWhen(
  copy: OwnObject,
  { field, is }: RequiredWhen,
  pointer: string,
  { collector, subject }: PrepareContext,
): void {
  const value = copy[field];
  if (typeof value !== 'string' || !Object.hasOwn(is, value)) return;
  for (const needed of is[value]!) {
    if (copy[needed] !== undefined) continue;
    collector.report(
      callflowCodes.fieldMissing,
      `${subject}: "${needed}" is missing; "${field}": "${value}" needs it`,
      pointer,
    );
  }
}

function text(value: string, schema: FieldSchema, pointer: string, context: PrepareContext): string | number | boolean {
  const { collector, subject } = context;
  const types: readonly string[] = typeof schema.type === 'string' ? [schema.type] : schema.type;
  if (!types.includes('string')) return coerced(value, types, schema, pointer, context);
  const field = fieldName(pointer);
  if (schema.format === 'url' || (schema.format === 'media' && /^https?:/i.test(value))) {
    const refusal = urlRefusal(value, context.urls);
    if (refusal !== undefined) {
      collector.report(
        callflowCodes.urlRefused,
        `${subject}: "${field}" is refused, because ${show(withoutCredentials(value))} ${refusal}`,
        pointer,
      );
    }
  }
  if (schema.format === 're2') {
    const refusal = patternRefusal(value);
    if (refusal !== undefined) {
      collector.report(
        callflowCodes.patternRefused,
        `${subject}: "${field}" is not an RE2 expression: ${refusal}`,
        pointer,
      );
    }
  }
  return schema.lowerCase ? value.toLowerCase() : value;
}

/** Kazoo's web interfaces and documentation write many numbers as text (`"timeout": "5"`); its REST layer converts them. */
function coerced(
  value: string,
  types: readonly string[],
  schema: FieldSchema,
  pointer: string,
  { collector, subject }: PrepareContext,
): string | number | boolean {
  const boolean =
    schema.textual === 'boolean' && (value === 'true' || value === 'false') ? value === 'true' : undefined;
  const integer = types.includes('integer') && /^[+-]?\d{1,15}$/.test(value.trim());
  const number = types.includes('number') && /^[+-]?\d{1,15}(\.\d{1,9})?$/.test(value.trim());
  const result = boolean ?? (integer || number ? Number(value) : undefined);
  if (result === undefined) return value;
  if (schema.textual !== 'number') {
    collector.report(
      callflowCodes.coercedValue,
      `${subject}: "${fieldName(pointer)}" should be ${result}, not the text ${show(value)}; it was converted`,
      pointer,
    );
  }
  return result;
}

function warnIfMisspelt(
  key: string,
  properties: Readonly<Record<string, FieldSchema>>,
  pointer: string,
  { collector, subject }: PrepareContext,
): void {
  if (collector.warningsFull) return;
  const meant = suggest(key, Object.keys(properties));
  if (meant === undefined) return;
  collector.report(
    callflowCodes.misspeltField,
    `${subject}: there is no field "${key}"; did you mean "${meant}"? It has no effect as it is`,
    join(pointer, key),
  );
}

/** The last name in a pointer, with the index if it ends in one: `endpoints[0]`. */
function fieldName(pointer: string): string {
  const parts = pointer.split('/');
  const last = parts.at(-1) ?? '';
  return /^\d+$/.test(last) ? `${parts.at(-2)}[${last}]` : last;
}
