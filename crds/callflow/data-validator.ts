import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { FieldSchema, ModuleSchema } from './schema.ts';
import { SKIP_MODULE } from './schema.ts';

/** Annotations that `prepare.ts` acts on; ajv must not stumble over them. */
const ANNOTATIONS = ['textual', 'lowerCase', 'requiredWhen'] as const;

/** Checks the data of one module, writes the defaults into it, and returns every error. */
export type DataValidator = (data: object) => readonly ErrorObject[];

/**
 * Validators by module. Compiling one takes about a millisecond and most processes need few of them, so each is compiled at its first
 * use. Made once per process; it holds nothing but compiled schemas.
 */
export function createDataValidators(): (schema: ModuleSchema) => DataValidator {
  let ajv: Ajv | undefined;
  const compiled = new Map<string, DataValidator>();
  return (schema) => {
    const known = compiled.get(schema.module);
    if (known !== undefined) return known;
    ajv ??= createAjv();
    const check: ValidateFunction = ajv.compile(dataSchema(schema));
    const validator: DataValidator = (data) => (check(data) ? [] : (check.errors ?? []));
    compiled.set(schema.module, validator);
    return validator;
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
export function dataSchema(schema: ModuleSchema): {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, FieldSchema>>;
  readonly required: readonly string[];
} {
  return { type: 'object', properties: allFields(schema), required: schema.required ?? [] };
}

const withSkipModule = new WeakMap<ModuleSchema, Readonly<Record<string, FieldSchema>>>();

/** The module's fields and `skip_module`, which every module has. The same object for the same schema. */
export function allFields(schema: ModuleSchema): Readonly<Record<string, FieldSchema>> {
  let fields = withSkipModule.get(schema);
  if (fields === undefined) {
    fields = { ...schema.fields, skip_module: SKIP_MODULE };
    withSkipModule.set(schema, fields);
  }
  return fields;
}
