import type { Json, JsonObject } from '../../crds/callflow/node.ts';

/** Reads of validated `data`: the schema has checked the types, so a value of another type counts as absent. */

export function text(data: JsonObject, name: string): string | undefined {
  const value = data[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function integer(data: JsonObject, name: string): number | undefined {
  const value = data[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

export function flag(data: JsonObject, name: string): boolean | undefined {
  const value = data[name];
  return typeof value === 'boolean' ? value : undefined;
}

export function object(data: JsonObject, name: string): JsonObject | undefined {
  const value = data[name];
  return isObject(value) ? value : undefined;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const ANY_KEY = '0123456789*#';

/** Keys that stop a sound: absent means any of `0-9*#`, an empty list none (Kazoo's rule). */
export function terminators(data: JsonObject): string {
  const value = data['terminators'];
  return Array.isArray(value) ? value.filter((key) => typeof key === 'string').join('') : ANY_KEY;
}
