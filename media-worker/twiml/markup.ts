import { type CodeEntry, type Fault, fault } from '../../crds/errors/fault.ts';
import { twimlCodes } from '../../crds/errors/twiml.ts';

/** Both count from 1; columns in UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Elements open at once. */
export const MAX_DEPTH = 100;
/** Bytes of UTF-8. */
export const MAX_BYTES = 256 * 1024;
/** Elements in all: keeps the time for the worst document to some tens of milliseconds. */
export const MAX_ELEMENTS = 10_000;

export type CheckedMarkup =
  /** The root element and what precedes it: `text.slice(start, end)`. */
  | { readonly ok: true; readonly start: number; readonly end: number; readonly warnings: readonly Fault[] }
  | { readonly ok: false; readonly fault: Fault };

/**
 * Refuses what the XML library would let pass or choke on: size, depth, declarations, references, characters. One pass, no recursion.
 * Tags that do not match and broken attributes are left to the library.
 */
export function checkMarkup(text: string): CheckedMarkup {
  const refuse = (entry: CodeEntry, message: string, offset?: number): CheckedMarkup => ({
    ok: false,
    fault: fault(entry, message, offset === undefined ? undefined : lineIndex(text)(offset)),
  });
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_BYTES)
    return refuse(twimlCodes.tooLarge, `The document has ${bytes} bytes; ${MAX_BYTES} are allowed.`);

  const start = /^\ufeff?[ \t\r\n]*/.exec(text)![0].length;
  const illegal = text.slice(start).search(ILLEGAL);
  if (illegal !== -1) {
    const code = text
      .codePointAt(start + illegal)!
      .toString(16)
      .toUpperCase()
      .padStart(4, '0');
    return refuse(twimlCodes.badCharacter, `The character U+${code} is not allowed in XML.`, start + illegal);
  }

  let depth = 0;
  let elements = 0;
  let done = start;
  for (let open = text.indexOf('<', start); open !== -1; open = text.indexOf('<', done)) {
    const reference = wrongReference(text.slice(done, open));
    if (reference !== undefined) return refuse(reference.entry, reference.message, done + reference.index);

    const markup = markupAt(text, open);
    switch (markup.kind) {
      case 'declaration':
        return refuse(twimlCodes.doctype, doctypeMessage(text, open), open);
      case 'unclosed':
        return refuse(twimlCodes.notXml, `${markup.what} is not closed.`, open);
      case 'skip':
        if (open !== start && /^<\?xml\s/.test(text.slice(open, open + 6))) {
          return refuse(twimlCodes.notXml, 'An XML declaration is allowed at the start only.', open);
        }
        break;
      case 'start':
      case 'empty': {
        const tag = text.slice(open, markup.end);
        const inTag = wrongReference(tag);
        if (inTag !== undefined) return refuse(inTag.entry, inTag.message, open + inTag.index);
        if (depth + 1 > MAX_DEPTH)
          return refuse(twimlCodes.tooDeep, `More than ${MAX_DEPTH} elements are nested.`, open);
        if (++elements > MAX_ELEMENTS) {
          return refuse(twimlCodes.tooLarge, `The document has more than ${MAX_ELEMENTS} elements.`, open);
        }
        if (markup.kind === 'start') depth++;
        break;
      }
      case 'end':
        depth--;
        break;
    }
    done = markup.end;
    if (depth <= 0 && (markup.kind === 'end' || markup.kind === 'empty')) {
      return { ok: true, start, end: done, warnings: trailingWarning(text, done) };
    }
  }
  // No root, or one that is not closed: the library says which.
  return { ok: true, start, end: text.length, warnings: [] };
}

type Markup =
  | { readonly kind: 'start' | 'empty' | 'end' | 'skip'; readonly end: number }
  | { readonly kind: 'declaration' }
  | { readonly kind: 'unclosed'; readonly what: string };

function markupAt(text: string, open: number): Markup {
  const upTo = (ending: string, from: number, what: string): Markup => {
    const at = text.indexOf(ending, from);
    return at === -1 ? { kind: 'unclosed', what } : { kind: 'skip', end: at + ending.length };
  };
  if (text.startsWith('<!--', open)) return upTo('-->', open + 4, 'A comment');
  if (text.startsWith('<![CDATA[', open)) return upTo(']]>', open + 9, 'A CDATA section');
  if (text.startsWith('<?', open)) return upTo('?>', open + 2, 'A processing instruction');
  if (text.startsWith('<!', open)) return { kind: 'declaration' };
  const close = tagClose(text, open + 1);
  if (close === -1) return { kind: 'unclosed', what: 'A tag' };
  if (text[open + 1] === '/') return { kind: 'end', end: close + 1 };
  return { kind: text[close - 1] === '/' ? 'empty' : 'start', end: close + 1 };
}

/** Where the tag's `>` is; `<` before it, in quotes or not, means that the tag is broken. */
function tagClose(text: string, from: number): number {
  let quote = '';
  for (let i = from; i < text.length; i++) {
    const character = text[i]!;
    if (character === '<') return -1;
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '>') return i;
    else if (character === '"' || character === "'") quote = character;
  }
  return -1;
}

function doctypeMessage(text: string, open: number): string {
  if (/^<!doctype\s+html/i.test(text.slice(open, open + 40))) return 'The answer is an HTML page, not TwiML.';
  return 'DOCTYPE and other declarations are not allowed.';
}

function trailingWarning(text: string, end: number): Fault[] {
  const rest = text.slice(end);
  const harmless = /^(?:\s|<!--[\s\S]*?-->|<\?[\s\S]*?\?>)*/.exec(rest)![0];
  if (harmless.length === rest.length) return [];
  const place = lineIndex(text)(end + harmless.length);
  return [fault(twimlCodes.trailing, 'What stands after the root element is ignored.', place)];
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const REFERENCE = /&(?:(amp|lt|gt|quot|apos)|#([0-9]+)|#x([0-9a-fA-F]+));|&/g;
/** Anything but `Char` of XML 1.0 section 2.2. */
const ILLEGAL = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

function referenced(decimal: string | undefined, hexadecimal: string | undefined): string | undefined {
  const code = decimal !== undefined ? Number(decimal) : Number.parseInt(hexadecimal!, 16);
  if (!(code <= 0x10ffff)) return undefined;
  const character = String.fromCodePoint(code);
  return ILLEGAL.test(character) ? undefined : character;
}

interface WrongReference {
  readonly entry: CodeEntry;
  readonly message: string;
  readonly index: number;
}

function wrongReference(text: string): WrongReference | undefined {
  for (const match of text.matchAll(REFERENCE)) {
    const [whole, named, decimal, hexadecimal] = match;
    if (named !== undefined) continue;
    if (decimal === undefined && hexadecimal === undefined) {
      const seen = /^&[A-Za-z0-9#]{1,20};?/.exec(text.slice(match.index, match.index + 24))?.[0];
      const message =
        seen?.endsWith(';') === true
          ? `${seen} is not a reference that XML knows; write the character itself or its number.`
          : 'A bare & is not allowed; write &amp;.';
      return { entry: twimlCodes.badReference, message, index: match.index };
    }
    if (referenced(decimal, hexadecimal) === undefined) {
      const message = `${whole.slice(0, 20)} stands for no character that XML allows.`;
      return { entry: twimlCodes.badCharacter, message, index: match.index };
    }
  }
  return undefined;
}

/** Puts characters in the place of references; all of them are known to be right. */
export function decodeReferences(text: string): string {
  return text.replace(
    REFERENCE,
    (whole, named?: string, decimal?: string, hexadecimal?: string) =>
      (named !== undefined ? NAMED[named] : referenced(decimal, hexadecimal)) ?? whole,
  );
}

/** Line and column of offsets in a text. Built once per text, in linear time; each look-up is logarithmic. */
export function lineIndex(text: string): (offset: number) => Position {
  const starts = [0];
  for (const match of text.matchAll(/\r\n?|\n/g)) starts.push(match.index + match[0].length);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - starts[low]! + 1 };
  };
}
