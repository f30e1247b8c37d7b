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

/** Elements of SSML, which end a word. */
const SSML: ReadonlySet<string> = new Set([
  ...[
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
  ],
  ...['s', 'say-as', 'speak', 'sub', 'voice', 'w'],
]);

const SPELT = ['characters', 'spell-out', 'digits', 'telephone'];

/** Speech in the making: words, and pauses as the mark that stands for them. */
type Piece = { readonly words: string } | { readonly pause: ',' | '.' };

/**
 * What to speak of an element, for engines without SSML: its text and that of its children, `<sub>` by its alias, `<say-as>` of
 * characters and digits one by one, `<break>`, `<p>` and `<s>` as punctuation. White space is collapsed. An element of SSML ends a word:
 * Twilio's builder writes them without space between.
 */
export function spokenText(element: XmlElement): string {
  // Words without space around them, and between them what parts them.
  const spoken: string[] = [];
  let words: string[] = [];
  const flush = (): void => {
    const text = collapsed(words.join('')).replace(/ (?=[,.!?;:](?: |$))/g, '');
    if (text !== '') spoken.push(text);
    words = [];
  };
  for (const piece of piecesOf(element.children)) {
    if ('words' in piece) {
      words.push(piece.words);
      continue;
    }
    flush();
    const last = spoken.at(-1);
    if (last === undefined || last.endsWith(' ')) continue;
    spoken.push('.,!?;:'.includes(last.at(-1)!) ? ' ' : `${piece.pause} `);
  }
  flush();
  // A pause at the end is silence.
  if (spoken.at(-1) === ', ') spoken.pop();
  return spoken.join('').trim();
}

function collapsed(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function piecesOf(nodes: readonly XmlNode[]): Piece[] {
  return nodes.flatMap((node) => (node.kind === 'text' ? [{ words: node.text }] : ssml(node)));
}

function ssml(element: XmlElement): Piece[] {
  const attribute = (name: string): string | undefined => element.attributes.find((each) => each.name === name)?.value;
  const inner = piecesOf(element.children);
  const apart = (pieces: readonly Piece[]): Piece[] => [{ words: ' ' }, ...pieces, { words: ' ' }];
  switch (element.name) {
    case 'break':
      return attribute('strength') === 'none' ? apart([]) : [{ pause: ',' }];
    case 'p':
    case 's':
      return [...apart(inner), { pause: '.' }];
    case 'sub': {
      const alias = attribute('alias');
      return apart(alias === undefined ? inner : [{ words: alias }]);
    }
    case 'say-as':
      return apart(isSpelt(element) ? inner.map(speltPiece) : inner);
    default:
      return SSML.has(element.name) ? apart(inner) : inner;
  }
}

function isSpelt({ attributes }: XmlElement): boolean {
  return SPELT.includes(attributes.find(({ name }) => name === 'interpret-as')?.value ?? '');
}

/** What `<say-as>` of characters or digits says, one by one; undefined for one of anything else. */
export function spelt(element: XmlElement): string | undefined {
  return isSpelt(element) ? oneByOne(spokenText(element)) : undefined;
}

function speltPiece(piece: Piece): Piece {
  return 'words' in piece ? { words: oneByOne(piece.words) } : piece;
}

function oneByOne(text: string): string {
  return [...text.replace(/\s+/g, '')].join(' ');
}
