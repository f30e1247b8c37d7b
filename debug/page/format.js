/**
 * Bodies as people like to read them: indented, and cut into pieces that may have a colour. Nothing but white space is ever changed.
 *
 * @typedef {{ kind: 'tag' | 'name' | 'text' | 'key' | 'word' | 'note' | 'mark', text: string }} Piece
 */

const INDENT = '  ';
/** Deeper than this, indentation only hides what is there. */
const DEEPEST = 40;

/**
 * What a body is, by its content type, else by how it begins.
 *
 * @param {string} body
 * @param {string} [contentType]
 * @returns {'xml' | 'json' | 'form' | 'text'}
 */
export function kindOf(body, contentType = '') {
  const type = contentType.toLowerCase();
  if (/[/+]xml\b/.test(type)) return 'xml';
  if (/[/+]json\b/.test(type)) return 'json';
  if (type.includes('x-www-form-urlencoded')) return 'form';
  if (/^\s*</.test(body)) return 'xml';
  if (/^\s*[{[]/.test(body)) return 'json';
  return 'text';
}

/**
 * @param {string} body
 * @param {'xml' | 'json' | 'form' | 'text'} kind
 * @returns {Piece[]}
 */
export function format(body, kind) {
  if (kind === 'xml') return formatXml(body) ?? plain(body);
  if (kind === 'json') return formatJson(body) ?? plain(body);
  return plain(body);
}

/** @param {string} text @returns {Piece[]} */
export function plain(text) {
  return [{ kind: 'text', text }];
}

const XML_PART =
  /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<![^>]*>|<\/?[^\s<>/!?](?:"[^"]*"|'[^']*'|[^<>"'])*>|[^<]+/gy;

/**
 * Undefined when it is not well enough formed to be indented.
 *
 * @param {string} text
 * @returns {Piece[] | undefined}
 */
function formatXml(text) {
  const parts = whole(text, XML_PART);
  if (parts === undefined) return undefined;
  /** @type {Piece[]} */
  const pieces = [];
  /** Names of the elements that are open. @type {string[]} */
  const open = [];
  /** Whether the element that is open has nothing but text in it so far: it stays on one line. */
  let inline = false;
  const newLine = () => {
    if (pieces.length > 0) pieces.push({ kind: 'text', text: `\n${INDENT.repeat(Math.min(open.length, DEEPEST))}` });
  };
  for (const part of parts) {
    if (part.startsWith('</')) {
      if (open.pop() !== nameOf(part)) return undefined;
      if (!inline) newLine();
      inline = false;
      pieces.push(...tagPieces(part));
    } else if (/^<[^!?]/.test(part)) {
      newLine();
      inline = !part.endsWith('/>');
      if (inline) open.push(nameOf(part));
      pieces.push(...tagPieces(part));
    } else if (part.startsWith('<![CDATA[')) {
      pieces.push({ kind: 'text', text: part });
    } else if (part.startsWith('<')) {
      inline = false;
      newLine();
      pieces.push({ kind: 'note', text: part });
    } else if (part.trim() !== '') {
      if (!inline) newLine();
      pieces.push({ kind: 'text', text: inline ? part : part.trim() });
    }
  }
  return open.length === 0 ? pieces : undefined;
}

/** @param {string} tag */
function nameOf(tag) {
  return /^<\/?([^\s/>]+)/.exec(tag)?.[1] ?? '';
}

/** @param {string} tag @returns {Piece[]} */
function tagPieces(tag) {
  const match = /^(<\/?)([^\s/>]+)([\s\S]*?)(\/?>)$/.exec(tag);
  if (match === null) return [{ kind: 'tag', text: tag }];
  const [, open = '', name = '', attributes = '', close = ''] = match;
  /** @type {Piece[]} */
  const pieces = [
    { kind: 'mark', text: open },
    { kind: 'tag', text: name },
  ];
  for (const part of attributes.match(/\s+|=|"[^"]*"|'[^']*'|[^\s="']+|["']/g) ?? []) {
    const kind = /^["']./.test(part) ? 'word' : /^[\s=]/.test(part) ? 'mark' : 'name';
    pieces.push({ kind, text: part });
  }
  return [...pieces, { kind: 'mark', text: close }];
}

const JSON_PART = /\s+|"(?:[^"\\]|\\.)*"|[-+.\dEe]+|true|false|null|[{}[\],:]/gy;

/**
 * The words stay as they were sent: numbers keep their digits and keys that stand twice stay twice.
 *
 * @param {string} text
 * @returns {Piece[] | undefined}
 */
function formatJson(text) {
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  const parts = whole(text, JSON_PART)?.filter((part) => part.trim() !== '');
  if (parts === undefined) return undefined;
  /** @type {Piece[]} */
  const pieces = [];
  let depth = 0;
  /** @param {string} mark */
  const put = (mark) => pieces.push({ kind: 'mark', text: mark });
  const newLine = () => `\n${INDENT.repeat(Math.min(depth, DEEPEST))}`;
  parts.forEach((part, index) => {
    const next = parts[index + 1];
    if (part === '{' || part === '[') {
      depth += 1;
      put(next === '}' || next === ']' ? part : part + newLine());
    } else if (part === '}' || part === ']') {
      depth -= 1;
      const before = parts[index - 1];
      put(before === '{' || before === '[' ? part : newLine() + part);
    } else if (part === ',') put(part + newLine());
    else if (part === ':') put(': ');
    else if (part.startsWith('"')) pieces.push({ kind: next === ':' ? 'key' : 'word', text: part });
    else pieces.push({ kind: 'name', text: part });
  });
  return pieces;
}

/**
 * All parts of a text, or undefined when something is left that is none.
 *
 * @param {string} text
 * @param {RegExp} part sticky
 * @returns {string[] | undefined}
 */
function whole(text, part) {
  const parts = text.match(part) ?? [];
  return parts.reduce((sum, one) => sum + one.length, 0) === text.length ? parts : undefined;
}
