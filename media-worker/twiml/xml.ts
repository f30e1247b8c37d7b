import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import { twimlCodes } from '../../crds/errors/twiml.ts';
import { checkMarkup, decodeReferences, lineIndex, MAX_DEPTH, type Position } from './markup.ts';

export interface XmlAttribute extends Position {
  readonly name: string;
  readonly value: string;
}

export interface XmlElement extends Position {
  readonly kind: 'element';
  readonly name: string;
  readonly attributes: readonly XmlAttribute[];
  readonly children: readonly XmlNode[];
}

export type XmlNode = XmlElement | { readonly kind: 'text'; readonly text: string };

export type ParsedXml =
  | { readonly ok: true; readonly root: XmlElement; readonly warnings: readonly Fault[] }
  | { readonly ok: false; readonly fault: Fault };

/**
 * Reads an XML document into a tree in which every element and attribute knows its place. Never throws; time is linear in the text.
 *
 * The library is laxer than XML in several ways: its validator lets DOCTYPE, `&` in attributes, undeclared entities, illegal characters
 * and a second root pass. `checkMarkup` refuses those before the library sees the text, and finds where the root ends, since what
 * follows it is ignored as in Kazoo (pivot-behaviour 4.3).
 */
export function parseXml(text: string): ParsedXml {
  const checked = checkMarkup(text);
  if (!checked.ok) return checked;
  const { start, end } = checked;
  const body = text.slice(start, end);
  const at = lineIndex(text);

  const refused = refusal(body);
  if (refused !== undefined) {
    const first = at(start);
    const line = refused.line + first.line - 1;
    const column = refused.line === 1 ? refused.column + first.column - 1 : refused.column;
    return { ok: false, fault: fault(twimlCodes.notXml, refused.message, { line, column }) };
  }
  let nodes: readonly RawNode[];
  try {
    nodes = tree(body);
  } catch (error) {
    // The library's parser refuses what its validator lets pass, such as a quote in a processing instruction.
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, fault: fault(twimlCodes.notXml, message, at(start)) };
  }
  const root = nodes.find((node) => node.kind === 'element');
  if (root === undefined) return { ok: false, fault: fault(twimlCodes.notXml, 'The document has no element.') };
  return { ok: true, root: withPlaces(root, (offset) => at(start + offset)), warnings: checked.warnings };
}

interface Refusal {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

/** What the library's validator says against the text. */
function refusal(body: string): Refusal | undefined {
  const result = XMLValidator.validate(body);
  if (result === true) return undefined;
  const { msg, line, col } = result.err;
  return { message: msg, line, column: col ?? 1 };
}

// `<` cannot be in a name: such a prefix keeps names like `constructor` from the library's own rules for property names.
const NAME_PREFIX = '<';
const CDATA = '[CDATA[';
const TEXT = '#text';

/** What `captureMetaData` leaves at an element. */
const PLACE = XMLParser.getMetaDataSymbol() as unknown as symbol;

/** A node as the library gives it, in our words. `offset` is that of `<`; `tag` what stands between `<` and `>`. */
type RawNode =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'element';
      readonly name: string;
      readonly offset: number;
      readonly tag: string;
      readonly children: readonly RawNode[];
    };

function tree(body: string): RawNode[] {
  const parser = new XMLParser({
    preserveOrder: true,
    captureMetaData: true,
    // Attributes are read by `attributesOf`, which knows their places; references by `decodeReferences`.
    ignoreAttributes: true,
    processEntities: false,
    trimValues: false,
    parseTagValue: false,
    cdataPropName: CDATA,
    ignoreDeclaration: true,
    ignorePiTags: true,
    maxNestedTags: MAX_DEPTH + 1,
    jPath: false,
    transformTagName: (name) => NAME_PREFIX + name,
  });
  return rawNodes(parser.parse(body), body);
}

type LibraryNode = { readonly [key: string | symbol]: unknown };

/** Depth is limited by `checkMarkup`, so recursion is safe here. */
function rawNodes(nodes: readonly LibraryNode[], body: string): RawNode[] {
  return nodes.flatMap((node): RawNode[] => {
    const key = Object.keys(node)[0];
    if (key === undefined) return [];
    const value = node[key];
    if (key === TEXT) return [{ kind: 'text', text: decodeReferences(String(value)) }];
    if (key === CDATA) {
      const parts = value as readonly LibraryNode[];
      return [{ kind: 'text', text: parts.map((part) => String(part[TEXT] ?? '')).join('') }];
    }
    const offset = (node[PLACE] as { startIndex: number }).startIndex;
    return [
      {
        kind: 'element',
        // The library prefixes the names of empty elements twice.
        name: key.replace(/^<+/, ''),
        offset,
        tag: body.slice(offset + 1, tagEnd(body, offset)),
        children: rawNodes(value as readonly LibraryNode[], body),
      },
    ];
  });
}

/** Where the `>` of the tag at `offset` is; quotes are balanced, the validator saw to it. */
function tagEnd(body: string, offset: number): number {
  for (let i = offset; i < body.length; i++) {
    const character = body[i];
    if (character === '>') return i;
    if (character === '"' || character === "'") i = body.indexOf(character, i + 1);
  }
  return body.length;
}

type RawElement = Extract<RawNode, { kind: 'element' }>;

function withPlaces(raw: RawElement, at: (offset: number) => Position): XmlElement {
  return {
    kind: 'element',
    name: raw.name,
    ...at(raw.offset),
    attributes: attributesOf(raw, at),
    children: raw.children.map((child) => (child.kind === 'text' ? child : withPlaces(child, at))),
  };
}

function attributesOf(raw: RawElement, at: (offset: number) => Position): XmlAttribute[] {
  const attribute = /\s+([^\s=]+)\s*=\s*("[^"]*"|'[^']*')/y;
  attribute.lastIndex = raw.name.length;
  const found: XmlAttribute[] = [];
  for (let match = attribute.exec(raw.tag); match !== null; match = attribute.exec(raw.tag)) {
    const [whole, name = '', quoted = ''] = match;
    const offset = raw.offset + 1 + match.index + whole.length - whole.trimStart().length;
    // Attribute-value normalisation of XML 1.0 section 3.3.3: white space becomes spaces, referenced characters stay.
    const value = decodeReferences(quoted.slice(1, -1).replace(/\r\n|[\t\r\n]/g, ' '));
    found.push({ name, value, ...at(offset) });
  }
  return found;
}

/** The elements among an element's children. */
export function childElements(element: XmlElement): XmlElement[] {
  return element.children.filter((child) => child.kind === 'element');
}

/** Text directly in the element, CDATA included, without that of its children; trimmed of white space at both ends. */
export function directText(element: XmlElement): string {
  return element.children
    .map((child) => (child.kind === 'text' ? child.text : ''))
    .join('')
    .trim();
}
