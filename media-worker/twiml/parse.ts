import { suggest } from '../../crds/callflow/suggest.ts';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import { twimlCodes } from '../../crds/errors/twiml.ts';
import { readAttributes } from './attributes.ts';
import { newReport, quoted, type Report } from './report.ts';
import { skipText } from './verb.ts';
import { isVerbName, VERBS, type Verb } from './verbs/registry.ts';
import { NOUN_VERBS, SKIPPED_VERBS } from './verbs/skipped.ts';
import { childElements, parseXml, type XmlElement } from './xml.ts';

export type { Verb } from './verbs/registry.ts';

/** A TwiML document, checked as a whole and ready to run. */
export interface TwimlDocument {
  /** In document order; verbs that were skipped are not in it. */
  readonly verbs: readonly Verb[];
}

/** What `parseTwiml` gives. `warnings` say what was skipped, clamped or defaulted, with line and column. */
export type ParsedTwiml =
  | { readonly ok: true; readonly document: TwimlDocument; readonly warnings: readonly Fault[] }
  | { readonly ok: false; readonly faults: readonly Fault[]; readonly warnings: readonly Fault[] };

export interface ParseOptions {
  /** Warnings refuse the document. */
  readonly strict: boolean;
}

/**
 * Reads a TwiML document. Nothing runs before the whole of it has been checked. Never throws; time is linear in the text. `faults` is
 * never empty; with `strict` its first says that the document is refused for its warnings, and these follow as errors.
 */
export function parseTwiml(text: string, options: ParseOptions): ParsedTwiml {
  const xml = parseXml(text);
  if (!xml.ok) return { ok: false, faults: [xml.fault], warnings: [] };
  const { root } = xml;
  if (root.name !== 'Response') {
    const message = `The root element is <${root.name.slice(0, 60)}>, not <Response>.`;
    return { ok: false, faults: [fault(twimlCodes.wrongRoot, message, placeOf(root))], warnings: xml.warnings };
  }

  const report = newReport(xml.warnings);
  readAttributes(root, {}, report);
  skipText(root, report);
  const verbs = childElements(root).flatMap((element) => parseVerb(element, report) ?? []);

  const { faults, warnings } = report;
  if (faults.length > 0) return { ok: false, faults, warnings };
  if (options.strict && warnings.length > 0) return { ok: false, faults: strictFaults(warnings), warnings };
  return { ok: true, document: { verbs }, warnings };
}

function parseVerb(element: XmlElement, report: Report): Verb | undefined {
  const { name } = element;
  if (isVerbName(name)) return VERBS[name].parse(element, report);
  const what = own(SKIPPED_VERBS, name);
  const owner = own(NOUN_VERBS, name);
  if (what !== undefined) {
    report.warn(twimlCodes.verbNotYet, `<${name}> (${what}) is not run yet and was skipped.`, element);
  } else if (owner !== undefined) {
    report.warn(twimlCodes.misplacedNoun, `<${name}> belongs into <${owner}>; it was skipped.`, element);
  } else {
    report.warn(twimlCodes.unknownVerb, () => unknownVerb(name), element);
  }
  return undefined;
}

function unknownVerb(name: string): string {
  const meant = suggest(name, [...Object.keys(VERBS), ...Object.keys(SKIPPED_VERBS)]);
  return `There is no verb ${quoted(name)}; it was skipped.${meant === undefined ? '' : ` Did you mean <${meant}>?`}`;
}

function own<V>(table: Readonly<Record<string, V>>, name: string): V | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function placeOf({ line, column }: XmlElement): { line: number; column: number } {
  return { line, column };
}

function strictFaults(warnings: readonly Fault[]): Fault[] {
  const count = warnings.length === 1 ? 'a warning' : `${warnings.length} warnings`;
  const first = warnings[0]!;
  const message = `The callflow is strict and the document has ${count}; the first is ${first.code}: ${first.message}`;
  const refusal =
    first.place === undefined ? fault(twimlCodes.strict, message) : fault(twimlCodes.strict, message, first.place);
  return [refusal, ...warnings.map((warning): Fault => ({ ...warning, severity: 'error' }))];
}
