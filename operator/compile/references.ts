import type { CallflowNode, Json, JsonObject } from '../../crds/callflow/node.ts';
import { join } from '../../crds/callflow/pointer.ts';
import type { FieldSchema, Referred } from '../../crds/callflow/schema.ts';
import { canonicalModule } from '../../crds/callflow/schemas.ts';
import type { SecretKeyRef } from '../../crds/resources.ts';
import type { SecretReference } from '../../crds/routing-table.ts';
import type { Reference } from './types.ts';

/**
 * Finds the references in a validated flow, by what the schemas of its modules say of their fields, and replaces those to Secrets by
 * `SecretReference`s, which name the namespace too. Only pivot actions refer to Secrets, in the fields that the schema gives them, so no other
 * data can ever be taken for a reference. Pointers start at the root of the flow.
 */
export function resolveReferences(
  flow: CallflowNode,
  namespace: string,
): { readonly flow: CallflowNode; readonly references: readonly Reference[] } {
  const references: Reference[] = [];
  const visit = (node: CallflowNode, pointer: string): CallflowNode => {
    const { module } = node;
    const fields = canonicalModule(module)?.fields;
    if (fields !== undefined) findNames(fields, node.data, module, `${pointer}/data`, references);
    const take = (ref: Json, place: string): JsonObject => {
      const { name, key } = ref as unknown as SecretKeyRef;
      references.push({ kind: 'Secret', name, key, pointer: place });
      return { secretKeyRef: { namespace, name, key } } satisfies SecretReference;
    };
    const data = module === 'pivot' ? withSecretReferences(node.data, `${pointer}/data`, take) : node.data;
    if (node.children === undefined) return { module, data };
    const children = Object.entries(node.children).map(
      ([key, child]) => [key, visit(child, join(`${pointer}/children`, key))] as const,
    );
    return { module, data, children: Object.fromEntries(children) };
  };
  return { flow: visit(flow, ''), references };
}

type Fields = Readonly<Record<string, FieldSchema>>;

function findNames(fields: Fields, data: JsonObject, subject: string, pointer: string, found: Reference[]): void {
  for (const [name, field] of Object.entries(fields)) {
    if (!namesResources(field) || !Object.hasOwn(data, name)) continue;
    const value = data[name]!;
    const place = join(pointer, name);
    if (typeof value === 'string') {
      const kind = kindOf(field, data);
      if (kind !== undefined && isName(kind, value)) found.push({ kind, name: value, subject, pointer: place });
    } else if (Array.isArray(value)) {
      const { properties } = field.items ?? {};
      if (properties === undefined) continue;
      for (const [index, item] of value.entries()) {
        if (isObject(item)) findNames(properties, item, subject, join(place, index), found);
      }
    } else if (isObject(value) && field.properties !== undefined) {
      findNames(field.properties, value, subject, place, found);
    }
  }
}

function kindOf({ refersTo }: FieldSchema, data: JsonObject): Referred | undefined {
  if (typeof refersTo !== 'object') return refersTo;
  const value = data[refersTo.field];
  return typeof value === 'string' && Object.hasOwn(refersTo.is, value) ? refersTo.is[value] : undefined;
}

/** What the worker takes for a sound's name: all but URLs and streams (`media-worker/callflow/modules/play.ts`). */
function isName(kind: Referred, value: string): boolean {
  if (kind !== 'PivotMedia') return true;
  return value !== '' && !/^https?:\/\//i.test(value) && !/^(tone_stream|silence_stream|local_stream):\/\//.test(value);
}

const known = new WeakMap<FieldSchema, boolean>();

/** Whether a field, or one within it, names a resource. Most do not. */
function namesResources(field: FieldSchema): boolean {
  let names = known.get(field);
  if (names === undefined) {
    const within = [...Object.values(field.properties ?? {}), ...(field.items === undefined ? [] : [field.items])];
    names = field.refersTo !== undefined || within.some(namesResources);
    known.set(field, names);
  }
  return names;
}

function isObject(value: Json): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function withSecretReferences(
  data: JsonObject,
  pointer: string,
  take: (ref: Json, pointer: string) => JsonObject,
): JsonObject {
  const copy: { [key: string]: Json } = { ...data };
  const headers = data['custom_request_headers'];
  if (Array.isArray(headers)) {
    copy['custom_request_headers'] = headers.map((header: JsonObject, index) => {
      const valueFrom = header['valueFrom'] as JsonObject | undefined;
      if (valueFrom === undefined) return header;
      const place = `${pointer}/custom_request_headers/${index}/valueFrom/secretKeyRef`;
      return { name: header['name']!, value: take(valueFrom['secretKeyRef']!, place) };
    });
  }
  const signing = data['signing'] as JsonObject | undefined;
  if (signing !== undefined) copy['signing'] = take(signing['secretRef']!, `${pointer}/signing/secretRef`);
  const tls = data['tls'] as JsonObject | undefined;
  if (tls?.['ca_secret_ref'] !== undefined) {
    copy['tls'] = { ...tls, ca_secret_ref: take(tls['ca_secret_ref'], `${pointer}/tls/ca_secret_ref`) };
  }
  return copy;
}
