import { suggest } from '../../crds/callflow/suggest.ts';
import { twimlCodes } from '../../crds/errors/twiml.ts';
import { quoted, type Report } from './report.ts';
import { spelt, spokenText } from './text.ts';
import { childElements, type XmlAttribute, type XmlElement, type XmlNode } from './xml.ts';

const WORDS = {
  rate: ['x-slow', 'slow', 'medium', 'fast', 'x-fast', 'default'],
  pitch: ['x-low', 'low', 'medium', 'high', 'x-high', 'default'],
  volume: ['silent', 'x-soft', 'soft', 'medium', 'loud', 'x-loud', 'default'],
} as const;

/** What an attribute may say: one of some words, or something of a form. */
interface SsmlAttribute {
  readonly words?: readonly string[];
  readonly form?: RegExp;
}

const ANY: SsmlAttribute = { form: /./s };

/** SSML elements that `<Say>` may hold, with the attributes that they have (SSML 1.1, and Twilio's builder). */
const SSML_ATTRIBUTES: Readonly<Record<string, Readonly<Record<string, SsmlAttribute>>>> = {
  'amazon:domain': { name: ANY },
  'amazon:effect': { name: ANY, 'vocal-tract-length': ANY, phonation: ANY },
  'amazon:emotion': { name: ANY, intensity: ANY },
  break: {
    strength: { words: ['none', 'x-weak', 'weak', 'medium', 'strong', 'x-strong'] },
    time: { form: /^\d{1,6}(?:\.\d{1,3})?(?:ms|s)$/ },
  },
  emphasis: { level: { words: ['strong', 'moderate', 'reduced', 'none'] } },
  lang: { 'xml:lang': { form: /^[a-z]{2,3}(?:[-_][a-z0-9]{2,8}){0,3}$/i }, onlangfailure: ANY },
  mark: { name: ANY },
  p: {},
  phoneme: { alphabet: ANY, ph: ANY },
  prosody: {
    rate: { words: WORDS.rate, form: /^\+?\d{1,3}(?:\.\d{1,2})?%$/ },
    pitch: { words: WORDS.pitch, form: /^[+-]\d{1,2}(?:\.\d{1,2})?%$/ },
    volume: { words: WORDS.volume, form: /^[+-]?\d{1,2}(?:\.\d{1,2})?dB$/ },
    'amazon:max-duration': ANY,
  },
  s: {},
  'say-as': { 'interpret-as': ANY, format: ANY, role: ANY },
  speak: {},
  sub: { alias: ANY },
  voice: { name: ANY, language: ANY, gender: ANY },
  w: { role: ANY },
};

export const SSML_ELEMENTS: readonly string[] = Object.keys(SSML_ATTRIBUTES);

/** The longest pause; Twilio's figure. Milliseconds. */
const LONGEST_BREAK_MS = 10_000;
/** Markup that is given to an engine; of more the text alone is spoken. */
const MOST_BYTES = 16_384;

/** Warns of attributes that an SSML element does not have, and of values that mean nothing; its text is spoken all the same. */
export function checkSsml(element: XmlElement, report: Report): void {
  const known = SSML_ATTRIBUTES[element.name];
  if (known === undefined) return;
  for (const attribute of element.attributes) {
    const { name, value } = attribute;
    const spec = Object.hasOwn(known, name) ? known[name] : undefined;
    if (spec === undefined) {
      if (name === 'xmlns' || (name.includes(':') && suggest(name, Object.keys(known)) === undefined)) continue;
      report.warn(twimlCodes.unknownAttribute, () => unknown(element.name, name, Object.keys(known)), attribute);
    } else if (!means(spec, value)) {
      const expected = spec.words === undefined ? 'of the form that SSML has' : `one of ${spec.words.join(', ')}`;
      const message = `${name}=${quoted(value)} of <${element.name}> is not ${expected}; it was ignored.`;
      report.warn(twimlCodes.badValue, message, attribute);
    }
  }
}

function unknown(element: string, name: string, known: readonly string[]): string {
  const meant = suggest(name, known);
  const hint = meant === undefined ? '' : ` Did you mean ${meant}?`;
  return `<${element}> has no attribute ${quoted(name)}; it was ignored.${hint}`;
}

function means({ words, form }: SsmlAttribute, value: string): boolean {
  return words?.includes(value) === true || form?.test(value) === true;
}

/**
 * The content of `<Say>` as SSML for engines that read it; undefined where it has none, or too much. It is written anew of what means something, so nothing else
 * that a document holds reaches an engine: an `<audio>` would have one open files. What an engine would have to guess is made plain: characters
 * one by one, aliases, and words in place of phonemes of an alphabet that it may not know.
 */
export function ssmlOf(element: XmlElement): string | undefined {
  if (!childElements(element).some(({ name }) => SSML_ELEMENTS.includes(name))) return undefined;
  const ssml = written(element.children).replace(/\s+/g, ' ').trim();
  return Buffer.byteLength(ssml) > MOST_BYTES ? undefined : ssml;
}

function written(nodes: readonly XmlNode[]): string {
  return nodes.map((node) => (node.kind === 'text' ? escaped(node.text) : elementOf(node))).join('');
}

function elementOf(element: XmlElement): string {
  const inner = written(element.children);
  switch (element.name) {
    case 'break':
      return breakOf(element);
    case 'emphasis':
    case 'prosody':
      return wrapped(element, inner);
    case 'lang':
      return wrapped(element, inner);
    case 'p':
    case 's':
      return `<${element.name}>${inner}</${element.name}>`;
    case 'sub': {
      const alias = element.attributes.find(({ name }) => name === 'alias')?.value;
      return ` ${alias === undefined ? inner : escaped(alias)} `;
    }
    case 'say-as':
      return ` ${escaped(spelt(element) ?? spokenText(element))} `;
    default:
      // Of an unknown element the text is spoken, of `<w>` and `<phoneme>` too.
      return SSML_ELEMENTS.includes(element.name) ? ` ${inner} ` : inner;
  }
}

/** The element with those of its attributes that mean something; its text alone when there is none. */
function wrapped(element: XmlElement, inner: string): string {
  const known = SSML_ATTRIBUTES[element.name] ?? {};
  const said = element.attributes.filter(({ name, value }) => {
    const spec = Object.hasOwn(known, name) ? known[name] : undefined;
    return spec !== undefined && spec !== ANY && means(spec, value);
  });
  if (said.length === 0 && element.name !== 'emphasis') return ` ${inner} `;
  return ` <${element.name}${said.map(attributeOf).join('')}>${inner}</${element.name}> `;
}

function breakOf({ attributes }: XmlElement): string {
  const said = attributes.flatMap((attribute) => {
    const spec = SSML_ATTRIBUTES['break']?.[attribute.name];
    if (spec === undefined || !means(spec, attribute.value)) return [];
    return attribute.name === 'time' ? ` time="${breakMs(attribute.value)}ms"` : attributeOf(attribute);
  });
  return ` <break${said.join('')}/> `;
}

function breakMs(time: string): number {
  const ms = Number.parseFloat(time) * (time.endsWith('ms') ? 1 : 1000);
  return Math.min(LONGEST_BREAK_MS, Math.round(ms));
}

function attributeOf({ name, value }: XmlAttribute): string {
  return ` ${name}="${escaped(value)}"`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
