import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { tokens } from '../../crds/callflow/pointer.ts';
import { type Fault, fault, type Place } from '../../crds/errors/fault.ts';
import { manifestCodes } from '../../crds/errors/manifest.ts';

/** Limits of YAML input; see PV-1012 and PV-1014. */
export const YAML_LIMITS = {
  documentCharacters: 512 * 1024,
  depth: 400,
  aliases: 1000,
  expansion: 100,
  faults: 20,
} as const;

export type Position = { readonly line: number; readonly column: number };

/** The JSON value of a YAML document and where its parts stand; lines and columns count within the whole file. */
export type YamlValue =
  | { readonly ok: true; readonly value: unknown; readonly at: (pointer: string) => Position | undefined }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Reads one YAML document that begins at `firstLine` of its file. Whatever the text, the outcome is a value or faults, in bounded time. */
export function readYaml(text: string, firstLine: number, file?: string): YamlValue {
  const place = (at?: Position): Place => ({
    ...(file === undefined ? {} : { file }),
    line: firstLine,
    column: 1,
    ...at,
  });
  const refuse = (entry: Parameters<typeof fault>[0], message: string, at?: Position): YamlValue => ({
    ok: false,
    faults: [fault(entry, message, place(at))],
  });
  if (text.length > YAML_LIMITS.documentCharacters) {
    return refuse(
      manifestCodes.fileTooLarge,
      `the document has more than ${YAML_LIMITS.documentCharacters / 1024} KiB`,
    );
  }
  const lines = new LineCounter();
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1) + firstLine - 1, column: Math.max(col, 1) };
  };
  try {
    // The library looks for repeated keys in quadratic time; `survey` does it in linear time.
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
      logLevel: 'silent',
    });
    // The composer is recursive and catches its own stack overflow.
    if (document.errors.some((error) => /call stack/i.test(error.message))) throw new RangeError('nested too deeply');
    const faults = document.errors
      .slice(0, YAML_LIMITS.faults)
      .map((error) => fault(manifestCodes.yamlSyntax, sentence(error.message), place(positionAt(error.pos[0]))));
    if (faults.length > 0) return { ok: false, faults };
    const { repeated, aliases } = survey(document);
    if (repeated.length > 0) {
      const twice = ({ key, offset }: Repeated): Fault =>
        fault(manifestCodes.yamlSyntax, `the key "${key}" stands here a second time`, place(positionAt(offset)));
      return { ok: false, faults: repeated.map(twice) };
    }
    // Each alias costs a walk over the document.
    if (aliases > YAML_LIMITS.aliases)
      return refuse(manifestCodes.yamlTooComplex, `more than ${YAML_LIMITS.aliases} aliases`);
    const value: unknown = document.toJS({ maxAliasCount: YAML_LIMITS.expansion });
    if (isTooDeep(value))
      return refuse(
        manifestCodes.yamlTooComplex,
        `more than ${YAML_LIMITS.depth} levels, or an alias to what contains it`,
      );
    return { ok: true, value, at: (pointer) => locate(document, pointer, positionAt) };
  } catch (error) {
    // Aliases that multiply beyond the limit throw a ReferenceError.
    const message =
      error instanceof RangeError
        ? 'the document is nested too deeply'
        : error instanceof Error
          ? error.message
          : String(error);
    return refuse(manifestCodes.yamlTooComplex, sentence(message));
  }
}

function sentence(message: string): string {
  const line = message.split('\n')[0]!.trim();
  return line.charAt(0).toLowerCase() + line.slice(1);
}

interface Repeated {
  readonly key: string;
  readonly offset: number;
}

/** Looks over all nodes for what the library would take too long to find, or to resolve. */
function survey(document: Document): { readonly repeated: readonly Repeated[]; readonly aliases: number } {
  const repeated: Repeated[] = [];
  let aliases = 0;
  const stack: unknown[] = [document.contents];
  while (stack.length > 0 && repeated.length < YAML_LIMITS.faults) {
    const node = stack.pop();
    if (isAlias(node)) aliases++;
    if (isSeq(node)) for (const item of node.items) stack.push(item);
    if (!isMap(node)) continue;
    const seen = new Set<string>();
    for (const { key, value } of node.items) {
      const name = keyName(key);
      if (seen.has(name)) repeated.push({ key: name, offset: offsetOf(key) ?? 0 });
      seen.add(name);
      stack.push(value);
    }
  }
  return { repeated: repeated.sort((a, b) => a.offset - b.offset), aliases };
}

function keyName(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function offsetOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function locate(document: Document, pointer: string, positionAt: (offset: number) => Position): Position | undefined {
  let node: unknown = document.contents;
  let offset = offsetOf(node);
  for (const token of tokens(pointer)) {
    if (isAlias(node)) node = node.resolve(document);
    let next: Node | unknown;
    let key: unknown;
    if (isMap(node)) {
      const pair = node.items.find((one) => keyName(one.key) === token);
      if (pair === undefined) break;
      next = pair.value;
      key = pair.key;
    } else if (isSeq(node) && node.items[Number(token)] !== undefined) {
      next = node.items[Number(token)];
    } else break;
    offset = offsetOf(next) ?? offsetOf(key) ?? offset;
    node = next;
  }
  return offset === undefined ? undefined : positionAt(offset);
}

/** Cyclic values (an alias within what it names) count as too deep. */
function isTooDeep(root: unknown): boolean {
  const stack: { value: unknown; depth: number }[] = [{ value: root, depth: 0 }];
  for (let one = stack.pop(); one !== undefined; one = stack.pop()) {
    if (one.depth > YAML_LIMITS.depth) return true;
    if (one.value === null || typeof one.value !== 'object') continue;
    for (const value of Object.values(one.value)) stack.push({ value, depth: one.depth + 1 });
  }
  return false;
}
