import ipaddr from 'ipaddr.js';
import { type Collector, show } from '../callflow/collector.ts';
import { readablePath } from '../callflow/explain.ts';
import { patternRefusal } from '../callflow/patterns.ts';
import { join } from '../callflow/pointer.ts';
import { suggest } from '../callflow/suggest.ts';
import { urlRefusal, withoutCredentials } from '../callflow/urls.ts';
import { manifestCodes } from '../errors/manifest.ts';
import { HOST_RULE } from './common.ts';
import type { Presence, ResourceField } from './field.ts';

type Fields = { readonly [key: string]: unknown };

/**
 * Checks in a manifest what JSON Schema leaves open: fields that nobody knows (a warning), which fields go together, URLs and expressions.
 * Whether a URL may name this machine is for the compile to say, which knows what the table is for.
 */
export function readFields(
  field: ResourceField,
  value: unknown,
  kind: string,
  pointer: string,
  collector: Collector,
): void {
  if (field.checkedBy === 'compile' || field.content !== undefined) return;
  if (typeof value === 'string') readText(field, value, kind, pointer, collector);
  else if (Array.isArray(value)) {
    if (field.items === undefined) return;
    for (const [index, item] of value.entries()) readFields(field.items, item, kind, join(pointer, index), collector);
  } else if (isObject(value) && field.properties !== undefined) {
    for (const presence of field.presence ?? []) {
      if (holds(presence, value)) continue;
      const where = pointer === '/spec' ? '' : ` (in "${readablePath(pointer)}")`;
      collector.report(manifestCodes.invalidField, `${kind}: ${presence.message}${where}`, pointer);
    }
    for (const [name, member] of Object.entries(value)) {
      const known = Object.hasOwn(field.properties, name) ? field.properties[name] : undefined;
      if (known !== undefined) readFields(known, member, kind, join(pointer, name), collector);
      else warnUnknown(name, kind, pointer, suggest(name, Object.keys(field.properties)), collector);
    }
  }
}

/** Warns of a field that has no effect, with what was perhaps meant. */
export function warnUnknown(
  field: string,
  kind: string,
  parent: string,
  meant: string | undefined,
  collector: Collector,
): void {
  const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
  const path = parent === '' ? field : `${readablePath(parent)}.${field}`;
  const message = `${kind}: "${path}" is not known and has no effect${hint}`;
  collector.report(manifestCodes.unknownField, message, join(parent, field));
}

function readText(field: ResourceField, value: string, kind: string, pointer: string, collector: Collector): void {
  const name = readablePath(pointer);
  if (field.format === 'url') {
    const refusal = urlRefusal(value, { allowLoopbackUrls: true });
    if (refusal === undefined) return;
    const message = `${kind}: "${name}" is refused, because ${show(withoutCredentials(value))} ${refusal}`;
    collector.report(manifestCodes.invalidField, message, pointer);
  } else if (field.format === 'network') {
    if (ipaddr.isValid(value) || ipaddr.isValidCIDR(value)) return;
    const message = `${kind}: "${name}" must be an IP address (192.0.2.10) or a network (192.0.2.0/24), not ${show(value)}`;
    collector.report(manifestCodes.invalidField, message, pointer);
  } else if (field.format === 'destination') {
    if (ipaddr.isValid(value) || ipaddr.isValidCIDR(value) || new RegExp(HOST_RULE).test(value)) return;
    const message = `${kind}: "${name}" must be an IP address (192.0.2.10), a network (192.0.2.0/24) or a host name (*.example.com), not ${show(value)}`;
    collector.report(manifestCodes.invalidField, message, pointer);
  } else if (field.format === 're2') {
    const refusal = patternRefusal(value);
    if (refusal === undefined) return;
    collector.report(manifestCodes.invalidPattern, `${kind}: "${name}" is not an RE2 expression: ${refusal}`, pointer);
  }
}

function holds(presence: Presence, value: Fields): boolean {
  const given = (name: string): boolean => value[name] !== undefined;
  if ('exactlyOne' in presence) return presence.exactlyOne.filter(given).length === 1;
  if ('atLeastOne' in presence) return presence.atLeastOne.some(given);
  const asked = presence.is === undefined ? given(presence.field) : value[presence.field] === presence.is;
  return !asked || presence.needs.every(given);
}

function isObject(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
