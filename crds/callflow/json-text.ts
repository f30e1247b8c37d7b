import { join } from './pointer.ts';

/** Where a text stops being JSON. `trailing data`: a whole JSON value is followed by something else (names as Pivot's debug log has them). */
export interface JsonSyntaxError {
  readonly ok: false;
  readonly kind: 'invalid JSON' | 'trailing data';
  /** Index into the text, in UTF-16 units. */
  readonly offset: number;
  readonly problem: string;
}

export interface JsonMap {
  readonly ok: true;
  /** Offset of the value at each JSON pointer. */
  readonly offsets: ReadonlyMap<string, number>;
  /** Members whose name stands in their object already. */
  readonly repeated: readonly { readonly pointer: string; readonly offset: number }[];
}

interface Container {
  readonly close: '}' | ']';
  readonly pointer: string;
  readonly names: Set<string> | undefined;
  index: number;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them within texts
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const SPACE = /[ \t\n\r]*/y;

/**
 * Reads JSON for positions: where each value stands, or where and why the text is not JSON. `JSON.parse` tells neither reliably. It keeps
 * its own stack, so depth is no danger.
 */
export function mapJson(text: string): JsonMap | JsonSyntaxError {
  const offsets = new Map<string, number>();
  const repeated: { pointer: string; offset: number }[] = [];
  const stack: Container[] = [];
  let at = skip(text, 0);
  let pointer = '';
  const fail = (problem: string, offset = at): JsonSyntaxError => ({
    ok: false,
    kind: 'invalid JSON',
    offset,
    problem,
  });
  const found = (): string => (at >= text.length ? 'the text ends' : `there is ${JSON.stringify(text[at])}`);

  for (;;) {
    // A value begins at `at`.
    offsets.set(pointer, at);
    const open = text[at];
    if (open === '{' || open === '[') {
      stack.push({ close: open === '{' ? '}' : ']', pointer, names: open === '{' ? new Set() : undefined, index: 0 });
      at = skip(text, at + 1);
    } else {
      const end = scalar(text, at);
      if (end === undefined)
        return open === '"' ? fail(stringProblem(text, at)) : fail(`a value is expected, but ${found()}`);
      at = skip(text, end);
    }
    // After a value, or at the first place of a container: close what ends here, then find the next value.
    let first = open === '{' || open === '[';
    for (;;) {
      const container = stack.at(-1);
      if (container === undefined) {
        if (at >= text.length) return { ok: true, offsets, repeated };
        return {
          ok: false,
          kind: 'trailing data',
          offset: at,
          problem: 'something follows after the end of the JSON value',
        };
      }
      if (text[at] === container.close) {
        stack.pop();
        at = skip(text, at + 1);
        first = false;
        continue;
      }
      if (!first) {
        if (text[at] !== ',') return fail(`"," or "${container.close}" is expected, but ${found()}`);
        const comma = at;
        at = skip(text, at + 1);
        if (text[at] === container.close) return fail(`a comma stands before "${container.close}"`, comma);
      }
      if (container.names === undefined) {
        pointer = join(container.pointer, container.index++);
        break;
      }
      const nameAt = at;
      const end = text[at] === '"' ? scalar(text, at) : undefined;
      if (end === undefined) {
        return fail(text[at] === '"' ? stringProblem(text, at) : `a name in double quotes is expected, but ${found()}`);
      }
      const name = JSON.parse(text.slice(at, end)) as string;
      pointer = join(container.pointer, name);
      if (container.names.has(name)) repeated.push({ pointer, offset: nameAt });
      container.names.add(name);
      at = skip(text, end);
      if (text[at] !== ':') return fail(`":" is expected after a name, but ${found()}`);
      at = skip(text, at + 1);
      break;
    }
  }
}

/** Line and column of an offset, both from 1. */
export function positionOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - before.lastIndexOf('\n') };
}

function skip(text: string, at: number): number {
  SPACE.lastIndex = at;
  SPACE.test(text);
  return SPACE.lastIndex;
}

/** The end of the text, number or word at `at`; undefined when there is none. */
function scalar(text: string, at: number): number | undefined {
  for (const word of ['true', 'false', 'null']) if (text.startsWith(word, at)) return at + word.length;
  const pattern = text[at] === '"' ? STRING : NUMBER;
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

function stringProblem(text: string, at: number): string {
  const rest = text.slice(at + 1);
  const line = rest.search(/[\n\r]/);
  const quote = rest.search(/(?<!\\)"/);
  if (quote === -1 || (line !== -1 && line < quote)) return 'a text is not closed on its line (a quote is missing)';
  return 'a text holds a wrong escape or a control character';
}
