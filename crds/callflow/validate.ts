import { callflowCodes } from '../errors/callflow.ts';
import type { Fault } from '../errors/fault.ts';
import { Collector, show } from './collector.ts';
import { createSchemaCompiler, dataSchema } from './data-validator.ts';
import { explain } from './explain.ts';
import { CALLFLOW_LIMITS } from './limits.ts';
import { lint } from './lint.ts';
import { measure } from './measure.ts';
import type { CallflowNode, Json, JsonObject } from './node.ts';
import { normalisePivot, type ValidationMode } from './pivot-data.ts';
import { join } from './pointer.ts';
import { type OwnObject, prepareObject } from './prepare.ts';
import type { ModuleSchema } from './schema.ts';
import { canonicalModule, moduleNames } from './schemas.ts';
import { suggest } from './suggest.ts';

export interface ValidateOptions {
  /** `admission` unless set; see `ValidationMode`. */
  readonly mode?: ValidationMode;
  /** Lets URLs name this machine (`localhost`, 127.0.0.1, …). Off unless set; `pivot up` sets it. */
  readonly allowLoopbackUrls?: boolean;
}

/** All faults found, in document order; each place has a JSON pointer into the given value (`/children/_/data/text`). */
export type ValidationResult =
  | { readonly ok: true; readonly node: CallflowNode; readonly warnings: readonly Fault[] }
  | { readonly ok: false; readonly faults: readonly Fault[]; readonly warnings: readonly Fault[] };

interface OwnNode {
  module: string;
  data: OwnObject;
  children?: Record<string, OwnNode>;
}

/** One action still to be read: its value, where it stands, and where the result goes. */
interface Task {
  readonly value: unknown;
  readonly pointer: string;
  readonly depth: number;
  readonly place: (node: OwnNode) => void;
}

const DATA_CODES = {
  missing: callflowCodes.fieldMissing,
  type: callflowCodes.fieldType,
  value: callflowCodes.fieldValue,
} as const;

const NODE_FIELDS = ['module', 'data', 'children'] as const;
const KAZOO_NODE_FIELDS = new Set(['remote_execution', 'pvt_bucket_name', 'pvt_bucket_cost']);

const compile = createSchemaCompiler();

/**
 * Turns any value into a callflow with canonical module names and all defaults filled in, or into all that is wrong with it. The value is
 * not changed. Time and memory are bounded for hostile input: nothing larger than `CALLFLOW_LIMITS` is walked.
 */
export function validateCallflow(value: unknown, options: ValidateOptions = {}): ValidationResult {
  const tooMuch = measure(value);
  if (tooMuch !== undefined) return { ok: false, faults: [tooMuch], warnings: [] };

  const collector = new Collector();
  const mode = options.mode ?? 'admission';
  const urls = { allowLoopbackUrls: options.allowLoopbackUrls ?? false };
  let root: OwnNode | undefined;
  const start = unwrap(value, collector);
  const tasks: Task[] = [
    {
      ...start,
      depth: 1,
      place: (node) => {
        root = node;
      },
    },
  ];
  let nodes = 0;
  for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
    if (task.depth > CALLFLOW_LIMITS.depth) {
      collector.report(
        callflowCodes.tooDeep,
        `more than ${CALLFLOW_LIMITS.depth} actions follow one another`,
        task.pointer,
      );
      break;
    }
    if (++nodes > CALLFLOW_LIMITS.nodes) {
      collector.report(callflowCodes.tooManyNodes, `more than ${CALLFLOW_LIMITS.nodes} actions`, task.pointer);
      break;
    }
    readNode(task, tasks, collector, mode, urls);
  }
  if (root === undefined || collector.faults.length > 0)
    return { ok: false, faults: collector.faults, warnings: collector.warnings };
  lint(root, start.pointer, mode, collector);
  return { ok: true, node: root, warnings: collector.warnings };
}

/** Compiles the checks of modules ahead of their first use, which otherwise waits some milliseconds for each. */
export function prepareChecks(modules: Iterable<string>): void {
  for (const module of modules) {
    const schema = canonicalModule(module);
    if (schema !== undefined) compile(dataSchema(schema))({});
  }
}

/** People paste whole callflow documents where a bare action is meant. */
function unwrap(value: unknown, collector: Collector): { readonly value: unknown; readonly pointer: string } {
  if (!isObject(value) || Object.hasOwn(value, 'module') || !isObject(value['flow'])) return { value, pointer: '' };
  collector.report(
    callflowCodes.wrappedCallflow,
    'a callflow document stands where an action is expected; its "flow" is used and the rest ignored',
    '',
  );
  return { value: value['flow'], pointer: '/flow' };
}

function readNode(
  { value, pointer, depth, place }: Task,
  tasks: Task[],
  collector: Collector,
  mode: ValidationMode,
  urls: { readonly allowLoopbackUrls: boolean },
): void {
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
    node.data = readData(schema, data, join(pointer, 'data'), collector, mode, urls);
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
  collector: Collector,
  mode: ValidationMode,
  urls: { readonly allowLoopbackUrls: boolean },
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
