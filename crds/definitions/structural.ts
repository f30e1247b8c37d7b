import { RE2JS } from 're2js';
import { patternRefusal } from '../callflow/patterns.ts';
import { HOST_RULE } from './common.ts';
import type { CelRule, Presence, ResourceField } from './field.ts';
import { fullDescription } from './limits-in-words.ts';

/** A schema of the API server: OpenAPI 3.0, structural (no references, one type for each field). */
export type StructuralSchema = { readonly [key: string]: unknown };

const SCALARS: ReadonlySet<string> = new Set(['string', 'integer', 'boolean']);

/** Hosts that are refused in a cluster whatever the policy; other addresses are judged when the request is made. */
const URL_RULES: readonly CelRule[] = [
  {
    rule: "isURL(self) && url(self).getScheme() in ['http', 'https', 'HTTP', 'HTTPS'] && url(self).getHostname() != ''",
    message: 'an absolute URL that begins with http:// or https:// is expected',
  },
  {
    rule: "!self.matches('^[hH][tT][tT][pP][sS]?://([^/?#]*@)?([lL][oO][cC][aA][lL][hH][oO][sS][tT]|127[.][0-9.]+|0[.]0[.]0[.]0|169[.]254[.][0-9.]+|\\\\[::1?\\\\])(:[0-9]*)?([/?#]|$)')",
    message: 'a URL in a cluster cannot name localhost, a loopback or a link-local address',
  },
];

/** An invalid expression makes the evaluation fail, with the library's words in the message. */
const RE2_RULE: CelRule = {
  rule: "''.matches(self) || !''.matches(self)",
  message: 'an RE2 expression is expected',
};

const NETWORK_RULE: CelRule = {
  rule: 'isIP(self) || isCIDR(self)',
  message: 'an IP address (192.0.2.10) or a network (192.0.2.0/24) is expected',
};

const DESTINATION_RULE: CelRule = {
  rule: `isIP(self) || isCIDR(self) || self.matches('${HOST_RULE.replaceAll('\\', '\\\\')}')`,
  message: 'an IP address (192.0.2.10), a network (192.0.2.0/24) or a host name (*.example.com) is expected',
};

/**
 * The structural schema of a field. Throws, with the path, on whatever the API server could not hold or would refuse: several types, no
 * bound where a rule needs one, an expression that is not RE2. Defaults are told in the description and not stored: an object stays as
 * its author wrote it, and the operator fills in what is missing when it reads.
 */
export function toStructural(field: ResourceField, path: string): StructuralSchema {
  const refuse = (why: string): never => {
    throw new Error(`${path}: ${why}`);
  };
  if (field.description.trim() === '') refuse('has no description');
  if ('requiredWhen' in field) refuse('requiredWhen cannot be expressed; use presence or a rule');
  const rules = [...presenceRules(field.presence ?? [], field, refuse), ...(field.rules ?? [])];
  const validations = rules.length === 0 ? {} : { 'x-kubernetes-validations': rules };
  const description = fullDescription(field);
  if (field.intOrString === true) return { description, 'x-kubernetes-int-or-string': true, ...validations };
  if (field.content === 'any') return { description, 'x-kubernetes-preserve-unknown-fields': true };
  if (typeof field.type !== 'string') return refuse(`the types ${JSON.stringify(field.type)} cannot be told apart`);
  switch (field.type) {
    case 'string':
      return { type: 'string', description, ...text(field, refuse), ...withRules(rules, formatRules(field)) };
    case 'integer':
      return {
        type: 'integer',
        description,
        ...pick(field, ['minimum', 'maximum']),
        ...enumOf(field, refuse),
        ...validations,
      };
    case 'boolean':
      return { type: 'boolean', description, ...validations };
    case 'array':
      return { type: 'array', description, ...list(field, path, refuse), ...validations };
    case 'object':
      return { type: 'object', description, ...object(field, path, refuse), ...validations };
    default:
      return refuse(`the type "${field.type}" cannot be used`);
  }
}

type Refuse = (why: string) => never;

function text(field: ResourceField, refuse: Refuse): object {
  if (field.format === 'media') refuse('the format "media" belongs to callflows');
  if (field.enum !== undefined) return enumOf(field, refuse);
  if (field.format === 'date-time') return { format: 'date-time' };
  if (field.maxLength === undefined) refuse('a string needs maxLength, or rules would not fit the cost limit');
  if (field.pattern !== undefined) {
    try {
      RE2JS.compile(field.pattern);
    } catch {
      refuse(`the pattern ${field.pattern} is not RE2: ${patternRefusal(field.pattern)}`);
    }
  }
  return pick(field, ['minLength', 'maxLength', 'pattern']);
}

/** `lowerCase` fields take upper case too. */
function enumOf(field: ResourceField, refuse: Refuse): object {
  if (field.enum === undefined) return {};
  if (!field.enum.every((value) => typeof value === field.type || field.type === 'integer'))
    refuse('enum of another type');
  const upper = field.lowerCase === true ? field.enum.map((value) => String(value).toUpperCase()) : [];
  return { enum: [...field.enum, ...upper] };
}

function list(field: ResourceField, path: string, refuse: Refuse): object {
  if (field.items === undefined) return refuse('a list needs items');
  if (field.maxItems === undefined) refuse('a list needs maxItems, or rules would not fit the cost limit');
  const listType = field.listType ?? (field.uniqueItems === true ? 'set' : 'atomic');
  if (listType === 'set' && !SCALARS.has(String(field.items.type))) refuse('only scalars make a set');
  const keys = field.listMapKeys ?? [];
  if ((listType === 'map') !== keys.length > 0) refuse('listMapKeys go with listType map');
  for (const key of keys) if (field.items.required?.includes(key) !== true) refuse(`the key "${key}" must be required`);
  return {
    ...pick(field, ['minItems', 'maxItems']),
    'x-kubernetes-list-type': listType,
    ...(listType === 'map' ? { 'x-kubernetes-list-map-keys': keys } : {}),
    items: toStructural(field.items, `${path}[]`),
  };
}

/** A callflow's first level: a structural schema has no recursion, so what is below is kept as it is. */
const ACTION = {
  'x-kubernetes-preserve-unknown-fields': true,
  required: ['module'],
  properties: {
    module: {
      type: 'string',
      description: 'Kind of the action, such as play, tts, menu or pivot; see docs/callflow-reference.md.',
      minLength: 1,
      maxLength: 64,
    },
    data: {
      type: 'object',
      description: 'Fields of the action; each module has its own.',
      'x-kubernetes-preserve-unknown-fields': true,
    },
    children: {
      type: 'object',
      description: 'Actions that follow, by what the action branches on; "_" is the default.',
      'x-kubernetes-preserve-unknown-fields': true,
    },
  },
};

function object(field: ResourceField, path: string, refuse: Refuse): object {
  if (field.content === 'action') return ACTION;
  if (field.properties !== undefined) {
    const properties = Object.entries(field.properties).map(([name, one]) => [
      name,
      toStructural(one, `${path}.${name}`),
    ]);
    for (const name of field.required ?? [])
      if (!(name in field.properties)) refuse(`requires "${name}", which is not there`);
    return {
      ...(field.required === undefined || field.required.length === 0 ? {} : { required: field.required }),
      ...(field.atomic === true ? { 'x-kubernetes-map-type': 'atomic' } : {}),
      properties: Object.fromEntries(properties),
    };
  }
  if (typeof field.additionalProperties !== 'object')
    return refuse('an object needs properties or additionalProperties');
  if (field.maxProperties === undefined) refuse('an open object needs maxProperties');
  return {
    maxProperties: field.maxProperties,
    additionalProperties: toStructural(field.additionalProperties, `${path}.*`),
  };
}

function presenceRules(presence: readonly Presence[], field: ResourceField, refuse: Refuse): CelRule[] {
  const has = (name: string): string => {
    if (field.properties === undefined || !(name in field.properties)) return refuse(`there is no field "${name}"`);
    return `has(self.${name})`;
  };
  return presence.map((one) => {
    const { message } = one;
    if ('exactlyOne' in one) {
      const [a, b, ...rest] = one.exactlyOne.map(has);
      if (a === undefined || b === undefined) return refuse('exactlyOne needs two fields');
      const rule = rest.length === 0 ? `${a} != ${b}` : `[${[a, b, ...rest].join(', ')}].filter(x, x).size() == 1`;
      return { rule, message };
    }
    if ('atLeastOne' in one) return { rule: one.atLeastOne.map(has).join(' || '), message };
    const other = one.is === undefined ? '' : ` || self.${one.field} != '${one.is}'`;
    return { rule: `!${has(one.field)}${other} || (${one.needs.map(has).join(' && ')})`, message };
  });
}

function formatRules(field: ResourceField): readonly CelRule[] {
  if (field.format === 'url') return URL_RULES;
  if (field.format === 'network') return [NETWORK_RULE];
  if (field.format === 'destination') return [DESTINATION_RULE];
  return field.format === 're2' ? [RE2_RULE] : [];
}

function withRules(...rules: readonly (readonly CelRule[])[]): object {
  const all = rules.flat();
  return all.length === 0 ? {} : { 'x-kubernetes-validations': all };
}

function pick(field: ResourceField, names: readonly (keyof ResourceField)[]): object {
  return Object.fromEntries(names.filter((name) => field[name] !== undefined).map((name) => [name, field[name]]));
}
