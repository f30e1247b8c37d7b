import type { XmlElement, XmlNode } from './xml.ts';

/** `text` cut to `maxBytes` of UTF-8, between code points; the same string when it fits. */
export function cutToBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  let end = maxBytes;
  // Bytes 10xxxxxx continue a code point: go back to where it begins.
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

/** Elements of SSML that `<Say>` may hold, with Twilio's names. */
export const SSML_ELEMENTS = [
  'amazon:domain',
  'amazon:effect',
  'amazon:emotion',
  'break',
  'emphasis',
  'lang',
  'mark',
  'p',
  'phoneme',
  'prosody',
  's',
  'say-as',
  'speak',
  'sub',
  'voice',
  'w',
] as const;

const SPELT = ['characters', 'spell-out', 'digits', 'telephone'];

/**
 * What to speak of an element, for engines without SSML: its text and that of its children, `<sub>` by its alias, `<say-as>` of
 * characters and digits one by one, `<break>`, `<p>` and `<s>` as punctuation. White space is collapsed.
 */
export function spokenText(element: XmlElement): string {
  return textOf(element.children)
    .replace(/\s+/g, ' ')
    .replace(/ (?=[,.](?: |$))/g, '')
    .replace(/([.,!?;:])(?:[.,](?= |$))+/g, '$1')
    .replace(/^[ ,.]+(?=[^ ,.\d])|,$/g, '')
    .trim();
}

function textOf(nodes: readonly XmlNode[]): string {
  return nodes.map((node) => (node.kind === 'text' ? node.text : ssml(node))).join('');
}

function ssml(element: XmlElement): string {
  const attribute = (name: string): string | undefined => element.attributes.find((each) => each.name === name)?.value;
  const inner = textOf(element.children);
  switch (element.name) {
    case 'break':
      return attribute('strength') === 'none' ? ' ' : ' , ';
    case 'p':
    case 's':
      return ` ${inner.trim()} . `;
    case 'sub':
      return attribute('alias') ?? inner;
    case 'say-as':
      return SPELT.includes(attribute('interpret-as') ?? '') ? [...inner.replace(/\s+/g, '')].join(' ') : inner;
    default:
      return inner;
  }
}
