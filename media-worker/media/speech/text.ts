import { type Fault, fault } from '../../../crds/errors/fault.ts';
import { mediaCodes } from '../../../crds/errors/media.ts';

export interface PreparedText {
  readonly text: string;
  readonly warnings: readonly Fault[];
}

/**
 * A text as it is spoken: white space and control characters are single spaces, lone surrogates are replaced, and what is over
 * `maxBytes` of UTF-8 is cut off between two code points (Kazoo cuts inside one; spec pivot-behaviour 5.5).
 */
export function prepareText(raw: string, maxBytes: number): PreparedText {
  const text = raw
    .toWellFormed()
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
    .replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .trim();
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= maxBytes) return { text, warnings: [] };
  let end = maxBytes;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return {
    text: bytes.toString('utf8', 0, end).trimEnd(),
    warnings: [
      fault(
        mediaCodes.textCut,
        `the text has ${bytes.length} bytes; the first ${end} are spoken, at most ${maxBytes} can be`,
      ),
    ],
  };
}

const ASCII: Readonly<Record<string, string>> = {
  '‘': "'",
  '’': "'",
  '‚': ',',
  '“': '"',
  '”': '"',
  '„': '"',
  '«': '"',
  '»': '"',
  '–': ' - ',
  '—': ' - ',
  '−': '-',
  '…': '...',
  '•': ', ',
  '€': ' euros ',
  '£': ' pounds ',
  '¥': ' yen ',
  '¢': ' cents ',
  '°': ' degrees ',
  '×': ' times ',
  '÷': ' divided by ',
  '±': ' plus or minus ',
  '½': ' a half ',
  '©': ' copyright ',
  '®': '',
  '™': '',
  ß: 'ss',
  Æ: 'AE',
  æ: 'ae',
  Œ: 'OE',
  œ: 'oe',
  Ø: 'O',
  ø: 'o',
  Ł: 'L',
  ł: 'l',
  Đ: 'D',
  đ: 'd',
  Þ: 'Th',
  þ: 'th',
  ð: 'd',
  ı: 'i',
};

/** A text in the ASCII that an English engine reads: accents go, quotes and signs are spelled out; the rest is left out. */
export function toAscii(text: string): { readonly text: string; readonly leftOut: boolean } {
  const spelled = [...text]
    .map((character) => (Object.hasOwn(ASCII, character) ? ASCII[character]! : character))
    .join('');
  const plain = spelled
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replaceAll('⁄', '/');
  const ascii = plain.replace(/[^\u0020-\u007e]+/g, ' ');
  return { text: ascii.replace(/ +/g, ' ').trim(), leftOut: ascii !== plain };
}

/** Whether there is a letter or digit to speak. */
export function hasWords(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text) || /[$%&@+=#*<>]/.test(text);
}

/** A text in pieces of at most `most` characters: cut after a sentence where there is one, else after a clause, a word, or anywhere. */
export function splitText(text: string, most: number): readonly string[] {
  const pieces: string[] = [];
  let rest = text.trim();
  while (rest.length > most) {
    const head = rest.slice(0, most);
    const cut = [/^.*[.!?](?= )/, /^.*[,;:](?= )/, /^.*(?= )/]
      .map((pattern) => pattern.exec(head)?.[0].length ?? 0)
      .find((length) => length > most / 4);
    pieces.push(rest.slice(0, cut ?? most).trim());
    rest = rest.slice(cut ?? most).trim();
  }
  if (rest !== '') pieces.push(rest);
  return pieces;
}
