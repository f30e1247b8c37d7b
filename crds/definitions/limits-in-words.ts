import type { ResourceField } from './field.ts';

/** Default and limits of a field, as sentences: `kubectl explain` shows the description and little else. */
export function limitsInWords(field: ResourceField): string[] {
  const words: string[] = [];
  if (field.default !== undefined) words.push(`Default: ${show(field.default)}.`);
  words.push(...range(field.minimum, field.maximum, ''));
  words.push(...range(field.minLength === 1 ? undefined : field.minLength, field.maxLength, 'characters'));
  words.push(...range(field.minItems, field.maxItems, 'entries'));
  if (field.maxProperties !== undefined) words.push(...range(undefined, field.maxProperties, 'entries'));
  // Of the values of a field itself `kubectl explain` tells, of those of a list's entries it does not.
  if (field.items?.enum !== undefined) words.push(`Each one of ${show(field.items.enum)}.`);
  if (field.format === 'url') words.push('An http or https URL.');
  return words;
}

/** The description of a field with its default and limits. */
export function fullDescription(field: ResourceField): string {
  return [field.description, ...limitsInWords(field)].join(' ');
}

function range(least: number | undefined, most: number | undefined, unit: string): string[] {
  const end = unit === '' ? '' : ` ${unit}`;
  if (least !== undefined && most !== undefined) return [`${least} to ${most}${end}.`];
  if (most !== undefined) return [`At most ${most}${end}.`];
  return least === undefined || least === 0 ? [] : [`At least ${least}${end}.`];
}

function show(value: unknown): string {
  return Array.isArray(value) ? value.map(show).join(', ') : String(value);
}
