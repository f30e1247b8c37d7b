import { callflowCodes } from '../errors/callflow.ts';
import { type Collector, show } from './collector.ts';
import { createSchemaCompiler, dataSchema } from './data-validator.ts';
import { explain } from './explain.ts';
import type { Json, JsonObject } from './node.ts';
import { normalisePivot, type ValidationMode } from './pivot-data.ts';
import { join } from './pointer.ts';
import { type OwnObject, prepareObject } from './prepare.ts';
import type { ModuleSchema } from './schema.ts';
import { canonicalModule, moduleNames } from './schemas.ts';
import { suggest } from './suggest.ts';
import type { UrlPolicy } from './urls.ts';

/** An action of the result. */
export interface OwnNode {
  module: string;
  data: OwnObject;
  children?: Record<string, OwnNode>;
}

/** One action still to be read: its value, where it stands, and where the result goes. */
export interface Task {
  readonly value: unknown;
  readonly pointer: string;
  readonly depth: number;
  readonly place: (node: OwnNode) => void;
}

/** What holds for a whole validation. */
export interface ReadContext {
  readonly collector: Collector;
  readonly mode: ValidationMode;
  readonly urls: UrlPolicy;
}

const DATA_CODES = {
  missing: callflowCodes.fieldMissing,
  type: callflowCodes.fieldType,
  value: callflowCodes.fieldValue,
} as const;

const NODE_FIELDS = ['module', 'data', 'children'] as const;
const KAZOO_NODE_FIELDS = new Set(['remote_execution', 'pvt_bucket_name', 'pvt_bucket_cost']);

const compile = createSchemaCompiler();

/** Compiles the checks of modules ahead of their first use, which otherwise waits some milliseconds for each. */
export function prepareChecks(modules: Iterable<string>): void {
  for (const module of modules) {
    const schema = canonicalModule(module);
    if (schema !== undefined) compile(dataSchema(schema))({});
  }
}

/** People paste whole callflow documents where a bare action is meant. */
export function unwrap(value: unknown, collector: Collector): { readonly value: unknown; readonly pointer: string } {
  if (!isObject(value) || Object.hasOwn(value, 'module') || !isObject(value['flow'])) return { value, pointer: '' };
  collector.report(
    callflowCodes.wrappedCallflow,
    'a callflow document stands where an action is expected; its "flow" is used and the rest ignored',
    '',
  );
  return { value: value['flow'], pointer: '/flow' };
}

/** Reads one action: checks it, gives its result its place, and adds its children to the tasks. */
export function readNode({ value, pointer, depth, place }: Task, tasks: Task[], context: ReadContext): void {
  const { collector } = context;
  if (!isObject(value)) {
    collector.report(callflowCodes.notANode, `an action must be an object, not ${show(value)}`, pointer);
    return;
  }
  warnOfMisspeltKeys(value, pointer, collector);
  const schema = readModule(value, pointer, collector);
  const node: OwnNode = { module: schema?.module ?? '', data: {} };
  place(node);
  const data = readObject(value['data'], callflowCodes.dataNotAnObject, 'data', pointer, collector);
  if (schema !== undefined && data !== undefined) {
    node.data = readData(schema, data, join(pointer, 'data'), context);
  }
  const children = readObject(value['children'], callflowCodes.childrenNotAnObject, 'children', pointer, collector);
  if (children === undefined || value['children'] === undefined) return;
  const own: Record<string, OwnNode> = {};
  node.children = own;
  const keys = Object.keys(children).filter((key) => children[key] !== undefined);
  // Pushed in reverse, because the stack gives the last one first: faults come in document order.
  for (const key of keys.reverse()) {
    tasks.push({
      value: children[key],
      pointer: join(join(pointer, 'children'), key),
      depth: depth + 1,
      place: (child) => {
        // A key such as `__proto__` must become a member like any other.
        Object.defineProperty(own, key, { value: child, enumerable: true, writable: true, configurable: true });
      },
    });
  }
}

function readModule(value: JsonObject, pointer: string, collector: Collector): ModuleSchema | undefined {
  const given = value['module'];
  if (typeof given !== 'string' || given.length === 0 || given.length > 64) {
    const problem =
      given === undefined
        ? '"module" is missing'
        : typeof given === 'string'
          ? '"module" must have 1 to 64 characters'
          : `"module" must be text, not ${show(given)}`;
    collector.report(callflowCodes.missingModule, `${problem}; it names what the action does`, pointer);
    return undefined;
  }
  const found = canonicalModule(given);
  if (found === undefined) {
    const meant = suggest(given, moduleNames());
    const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
    collector.report(callflowCodes.unknownModule, `there is no module ${show(given)}${hint}`, join(pointer, 'module'));
    return undefined;
  }
  if (found.module !== given) {
    collector.report(callflowCodes.moduleAlias, `"${given}" is taken as "${found.module}"`, join(pointer, 'module'));
  }
  return found;
}

function readObject(
  value: Json | undefined,
  entry: typeof callflowCodes.dataNotAnObject | typeof callflowCodes.childrenNotAnObject,
  field: 'data' | 'children',
  pointer: string,
  collector: Collector,
): JsonObject | undefined {
  if (value === undefined) return {};
  if (isObject(value)) return value;
  collector.report(entry, `"${field}" must be an object, not ${show(value)}`, join(pointer, field));
  return undefined;
}

function readData(
  schema: ModuleSchema,
  data: JsonObject,
  pointer: string,
  { collector, mode, urls }: ReadContext,
): OwnObject {
  const context = { collector, urls, subject: schema.module };
  const fields = dataSchema(schema);
  const own = prepareObject(data, fields, pointer, context, schema.openFields !== undefined);
  if (schema.module === 'pivot') normalisePivot(own, pointer, mode, collector);
  for (const { entry, pointer: inside, message } of explain(compile(fields)(own), schema.module, DATA_CODES)) {
    collector.report(entry, message, `${pointer}${inside}`);
  }
  return own;
}

function warnOfMisspeltKeys(value: JsonObject, pointer: string, collector: Collector): void {
  for (const key in value) {
    if (key === 'module' || key === 'data' || key === 'children' || KAZOO_NODE_FIELDS.has(key)) continue;
    const meant = collector.warningsFull ? undefined : suggest(key, NODE_FIELDS);
    if (meant === undefined) continue;
    const message = `an action has no field "${key}"; did you mean "${meant}"? It has no effect as it is`;
    collector.report(callflowCodes.misspeltField, message, join(pointer, key));
  }
}

function isObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
