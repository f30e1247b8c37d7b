import { suggest } from '../../crds/callflow/suggest.ts';
import { withoutCredentials } from '../../crds/callflow/urls.ts';
import { twimlCodes } from '../../crds/errors/twiml.ts';
import { quoted, type Report } from './report.ts';
import { resolvable } from './urls.ts';
import type { XmlAttribute, XmlElement } from './xml.ts';

interface Described {
  /** What it does; docs show it. */
  readonly description: string;
  /** What Twilio or Kazoo do differently; docs show it. */
  readonly differs?: string;
}

/** A whole number. Fractions are rounded as Kazoo does; above `max` counts as `max`. */
export interface IntegerAttribute extends Described {
  readonly kind: 'integer';
  readonly default: number | undefined;
  readonly min: number;
  readonly max: number;
  /** What a number below `min` counts as. */
  readonly belowMin: 'default' | 'min';
  readonly unit?: 's';
}

/** `true` or `false`, in any case. */
export interface BooleanAttribute extends Described {
  readonly kind: 'boolean';
  readonly default: boolean | undefined;
}

/** A set of DTMF keys; empty is allowed. Other characters are dropped; when nothing is left of a value, the default is taken. */
export interface KeysAttribute extends Described {
  readonly kind: 'keys';
  readonly default: string;
}

/** Digits to send, with `w` and `W` as pauses. Other characters are dropped. */
export interface DialStringAttribute extends Described {
  readonly kind: 'dial string';
  readonly default: undefined;
}

/** An http or https URL, or one relative to the document's. Empty counts as absent. */
export interface UrlAttribute extends Described {
  readonly kind: 'url';
  readonly default: undefined;
}

/** What is heard meanwhile: a sound as in `<Play>` or a URL of a document. Empty is a value of its own: silence. */
export interface WaitAttribute extends Described {
  readonly kind: 'wait';
  readonly default: undefined;
}

/** One of some words, in any case. `notYet` lists Twilio's words that are not supported: they count as the default. */
export interface WordAttribute extends Described {
  readonly kind: 'word';
  readonly values: readonly string[];
  readonly default: string | undefined;
  readonly notYet?: readonly string[];
}

/** Several of some words, in any case, with white space or commas between them. Words that mean nothing are dropped. */
export interface WordsAttribute extends Described {
  readonly kind: 'words';
  readonly values: readonly string[];
  readonly default: readonly string[];
}

/** A language tag of BCP 47; `_` counts as `-`. */
export interface LanguageAttribute extends Described {
  readonly kind: 'language';
  readonly default: undefined;
}

/** Any text, trimmed. Empty counts as absent. */
export interface TextAttribute extends Described {
  readonly kind: 'text';
  readonly default: undefined;
}

/** Twilio has it, we do not: ignored with a warning. */
export interface LaterAttribute extends Described {
  readonly kind: 'not yet';
}

export type AttributeSpec =
  | IntegerAttribute
  | BooleanAttribute
  | KeysAttribute
  | DialStringAttribute
  | UrlAttribute
  | WaitAttribute
  | WordAttribute
  | WordsAttribute
  | LanguageAttribute
  | TextAttribute
  | LaterAttribute;

/** The attributes of one element, by name: what the parser, the docs and the tests read. */
export type AttributeTable = Readonly<Record<string, AttributeSpec>>;

type Absent<S> = S extends { readonly default: undefined } ? undefined : never;

type ValueOf<S extends AttributeSpec> = S extends IntegerAttribute
  ? number | Absent<S>
  : S extends BooleanAttribute
    ? boolean | Absent<S>
    : S extends WordAttribute
      ? S['values'][number] | Absent<S>
      : S extends WordsAttribute
        ? readonly S['values'][number][]
        : string | Absent<S>;

/** The typed values of a table. Every attribute is there: with its value or its default. */
export type AttributesOf<T extends AttributeTable> = {
  readonly [N in keyof T as T[N] extends LaterAttribute ? never : N]: ValueOf<T[N]>;
};

/** Reads an element's attributes by its table. Whatever is wrong is reported and defaulted: no attribute ends a call. */
export function readAttributes<T extends AttributeTable>(
  element: XmlElement,
  table: T,
  report: Report,
): AttributesOf<T> {
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(table)) if (spec.kind !== 'not yet') values[name] = spec.default;

  for (const attribute of element.attributes) {
    const spec = Object.hasOwn(table, attribute.name) ? table[attribute.name] : undefined;
    if (spec === undefined) unknownAttribute(element, attribute, table, report);
    else if (spec.kind === 'not yet') {
      const message = `${attribute.name} of <${element.name}> is not supported yet and was ignored.`;
      report.warn(twimlCodes.attributeNotYet, message, attribute);
    } else values[attribute.name] = readValue(attribute, spec, report);
  }
  // The loops above put exactly the table's names there, each with a value of its kind.
  return values as AttributesOf<T>;
}

function unknownAttribute(element: XmlElement, attribute: XmlAttribute, table: AttributeTable, report: Report): void {
  // Namespace declarations and attributes of other vocabularies (`xmlns`, `xsi:schemaLocation`) mean nothing here.
  if (attribute.name === 'xmlns' || attribute.name.includes(':')) return;
  const message = (): string => {
    const meant = suggest(attribute.name, Object.keys(table));
    const hint = meant === undefined ? '' : ` Did you mean ${meant}?`;
    return `<${element.name}> has no attribute ${quoted(attribute.name)}; it was ignored.${hint}`;
  };
  report.warn(twimlCodes.unknownAttribute, message, attribute);
}

type ReadableSpec = Exclude<AttributeSpec, LaterAttribute>;

function readValue(attribute: XmlAttribute, spec: ReadableSpec, report: Report): unknown {
  const text = attribute.value.trim();
  const unusable = (expected: string): typeof spec.default => {
    const message = `${attribute.name}=${quoted(text)} is not ${expected}; ${shown(spec.default)} is taken.`;
    report.warn(twimlCodes.badValue, message, attribute);
    return spec.default;
  };
  switch (spec.kind) {
    case 'integer':
      return readInteger(attribute, text, spec, report);
    case 'boolean': {
      const word = text.toLowerCase();
      return word === 'true' || word === 'false' ? word === 'true' : unusable('true or false');
    }
    case 'keys':
      return readCharacters(attribute, text, /[^0-9*#A-D]/g, spec.default, report);
    case 'dial string':
      return readCharacters(attribute, text, /[^0-9*#A-DwW]/g, spec.default, report);
    case 'url':
      if (text === '') return undefined;
      if (resolvable(text)) return text;
      report.warn(
        twimlCodes.badUrl,
        `${attribute.name}=${quoted(withoutCredentials(text))} is not a URL that can be used; it was ignored.`,
        attribute,
      );
      return undefined;
    case 'wait':
      return text === '' || /^(?:tone|silence|local)_stream:\/\//.test(text) || resolvable(text)
        ? text
        : unusable('a sound or a URL');
    case 'word':
      return readWord(attribute, text, spec, report, unusable);
    case 'words':
      return readWords(attribute, text, spec, report);
    case 'language': {
      if (text === '') return undefined;
      const tag = languageTag(text);
      return tag ?? unusable('a language tag such as en-GB');
    }
    case 'text':
      return text === '' ? undefined : text;
  }
}

function shown(value: string | number | boolean | readonly string[] | undefined): string {
  if (value === undefined) return 'the default';
  if (typeof value === 'object') return quoted(value.join(' '));
  return typeof value === 'string' ? quoted(value) : String(value);
}

function readInteger(attribute: XmlAttribute, text: string, spec: IntegerAttribute, report: Report): unknown {
  const take = (value: number | undefined, why: string): number | undefined => {
    report.warn(
      twimlCodes.outOfRange,
      `${attribute.name}=${quoted(text)} ${why}; ${shown(value)} is taken.`,
      attribute,
    );
    return value;
  };
  if (!/^[+-]?[0-9]+(\.[0-9]*)?$/.test(text)) {
    const message = `${attribute.name}=${quoted(text)} is not a number; ${shown(spec.default)} is taken.`;
    report.warn(twimlCodes.badValue, message, attribute);
    return spec.default;
  }
  const number = Number(text);
  const whole = Math.round(number);
  if (whole < spec.min) return take(spec.belowMin === 'min' ? spec.min : spec.default, `is less than ${spec.min}`);
  if (whole > spec.max) return take(spec.max, `is more than ${spec.max}`);
  return whole === number ? whole : take(whole, 'is not a whole number');
}

function readCharacters(
  attribute: XmlAttribute,
  text: string,
  others: RegExp,
  byDefault: string | undefined,
  report: Report,
): string | undefined {
  const kept = text.replace(others, '');
  if (kept.length === text.length) return text;
  const value = kept === '' ? byDefault : kept;
  const message = `${attribute.name}=${quoted(text)} has characters that are no telephone keys; ${shown(value)} is taken.`;
  report.warn(twimlCodes.badValue, message, attribute);
  return value;
}

function readWord(
  attribute: XmlAttribute,
  text: string,
  spec: WordAttribute,
  report: Report,
  unusable: (expected: string) => unknown,
): unknown {
  const word = text.toLowerCase();
  const found = spec.values.find((value) => value.toLowerCase() === word);
  if (found !== undefined) return found;
  if (spec.notYet?.includes(word) === true) {
    const message = `${attribute.name}=${quoted(text)} is not supported yet; ${shown(spec.default)} is taken.`;
    report.warn(twimlCodes.attributeNotYet, message, attribute);
    return spec.default;
  }
  return unusable(`one of ${spec.values.join(', ')}`);
}

function readWords(attribute: XmlAttribute, text: string, spec: WordsAttribute, report: Report): readonly string[] {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  const known = words.flatMap((word) => spec.values.find((value) => value.toLowerCase() === word.toLowerCase()) ?? []);
  const taken = known.length === 0 ? spec.default : [...new Set(known)];
  if (known.length < words.length) {
    const message = `${attribute.name}=${quoted(text)} has words that are none of ${spec.values.join(', ')}; ${shown(taken)} is taken.`;
    report.warn(twimlCodes.badValue, message, attribute);
  }
  return taken;
}

/** `en_us` → `en-US`; undefined when it is no language tag. */
function languageTag(text: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(text.replaceAll('_', '-'))[0];
  } catch {
    return undefined;
  }
}
