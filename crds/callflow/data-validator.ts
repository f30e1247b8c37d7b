import { Ajv, type ErrorObject } from 'ajv';
import { type FieldSchema, type ModuleSchema, SKIP_MODULE } from './schema.ts';

/** Annotations that `prepare.ts` acts on; ajv must not stumble over them. */
const ANNOTATIONS = ['textual', 'lowerCase', 'requiredWhen', 'refersTo'] as const;

/** Checks a value against one schema, writes the defaults into it, and returns every error. */
export type Check = (value: unknown) => readonly ErrorObject[];

/**
 * Compiles JSON Schemas (draft 07), each at its first use: one takes milliseconds and most processes need few of them. Made once per
 * module that validates; it holds nothing but compiled schemas.
 */
export function createSchemaCompiler(): (schema: object) => Check {
  let ajv: Ajv | undefined;
  const compiled = new WeakMap<object, Check>();
  return (schema) => {
    const known = compiled.get(schema);
    if (known !== undefined) return known;
    ajv ??= createAjv();
    const validate = ajv.compile(schema);
    const check: Check = (value) => (validate(value) ? [] : (validate.errors ?? []));
    compiled.set(schema, check);
    return check;
  };
}

function createAjv(): Ajv {
  // Formats are checked by `prepare.ts`, which knows the address policy.
  const ajv = new Ajv({
    allErrors: true,
    useDefaults: true,
    verbose: true,
    strict: true,
    strictTypes: false,
    strictRequired: false,
    validateFormats: false,
    validateSchema: false,
  });
  for (const keyword of ANNOTATIONS) ajv.addKeyword(keyword);
  return ajv;
}

/** The JSON Schema (draft 07) of a module's `data`. */
export interface DataSchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, FieldSchema>>;
  readonly required: readonly string[];
}

const dataSchemas = new WeakMap<ModuleSchema, DataSchema>();

/** The schema of a module's `data`, with `skip_module`, which every module has. The same object for the same module. */
export function dataSchema(schema: ModuleSchema): DataSchema {
  let made = dataSchemas.get(schema);
  if (made === undefined) {
    made = {
      type: 'object',
      properties: { ...schema.fields, skip_module: SKIP_MODULE },
      required: schema.required ?? [],
    };
    dataSchemas.set(schema, made);
  }
  return made;
}
