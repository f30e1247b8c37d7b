import { suggest } from '../../crds/callflow/suggest.ts';
import { twimlCodes } from '../../crds/errors/twiml.ts';
import type { AttributeTable } from './attributes.ts';
import type { Position } from './markup.ts';
import type { TwimlContext, VerbOutcome } from './outcome.ts';
import { quoted, type Report } from './report.ts';
import { childElements, directText, type XmlElement } from './xml.ts';

/** What every parsed verb has: its name and its place in the document. */
export interface ParsedVerb extends Position {
  readonly verb: string;
}

/** A nested element with attributes of its own. */
export interface NounDefinition {
  readonly name: string;
  readonly summary: string;
  readonly attributes: AttributeTable;
}

/** Everything about one verb: the parser, the executor, and what the reference says of it. */
export interface VerbDefinition<V extends ParsedVerb> {
  readonly name: V['verb'];
  /** One or two sentences; docs. */
  readonly summary: string;
  /** What stands within the element; docs. */
  readonly content: string;
  /** One use of it, without a warning; docs, and read by a test. */
  readonly example: string;
  readonly attributes: AttributeTable;
  readonly nouns?: readonly NounDefinition[];
  /** What Twilio or Kazoo do differently, beyond single attributes; docs. */
  readonly differences: readonly string[];
  /** An element's typed value; undefined, after a warning, when the verb is to be skipped. Never throws. */
  parse(element: XmlElement, report: Report): V | undefined;
  /** Runs it. `context.span` is the verb's own span. Rejects when the call ends. */
  execute(verb: V, context: TwimlContext): Promise<VerbOutcome>;
}

export const CONTINUE: VerbOutcome = { kind: 'continue' };
export const STOP: VerbOutcome = { kind: 'stop' };

/** Name and place of an element, for its typed value. */
export function verbOf<N extends string>(verb: N, element: XmlElement): { readonly verb: N } & Position {
  return { verb, line: element.line, column: element.column };
}

/** Warns about each nested element but those named. */
export function skipNested(element: XmlElement, report: Report, allowed: readonly string[] = []): void {
  for (const child of childElements(element)) {
    if (allowed.includes(child.name)) continue;
    skipChild(child, element, report, allowed);
  }
}

/** Warns about a nested element that means nothing there; `allowed` are those that would. */
export function skipChild(child: XmlElement, element: XmlElement, report: Report, allowed: readonly string[]): void {
  const message = (): string => {
    const meant = suggest(child.name, allowed);
    const hint = meant === undefined ? '' : ` Did you mean <${meant}>?`;
    return `<${child.name}> in <${element.name}> means nothing and was skipped.${hint}`;
  };
  report.warn(twimlCodes.nestedSkipped, message, child);
}

/** Warns when an element that takes no text has some. */
export function skipText(element: XmlElement, report: Report): void {
  const text = directText(element);
  if (text === '') return;
  report.warn(twimlCodes.strayText, `The text ${quoted(text)} in <${element.name}> was skipped.`, element);
}
