import { fault } from '../../../crds/errors/fault.ts';
import { twimlCodes } from '../../../crds/errors/twiml.ts';
import { BUILT_IN_NAMES } from '../../webhook/parameters.ts';
import { type AttributeTable, readAttributes } from '../attributes.ts';
import type { Position } from '../markup.ts';
import type { TwimlContext } from '../outcome.ts';
import { quoted, type Report } from '../report.ts';
import { cutToBytes } from '../text.ts';
import { type NounDefinition, skipNested, skipText } from '../verb.ts';
import { childElements, type XmlElement } from '../xml.ts';

/** Variables of one call. */
export const MAX_VARIABLES = 64;
/** Bytes of one value, in UTF-8. */
const MAX_VALUE_BYTES = 1024;
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/;

const VARIABLE_ATTRIBUTES = {
  key: {
    kind: 'text',
    default: undefined,
    description:
      'The name: a letter or `_`, then letters, digits, `_`, `.` and `-`, at most 64 in all. Names of built-in parameters, such as `CallSid`, are refused, in any case.',
  },
  value: {
    kind: 'text',
    default: undefined,
    description: `The value, at most ${MAX_VALUE_BYTES} bytes (the rest is cut).`,
  },
} as const satisfies AttributeTable;

export const variable: NounDefinition = {
  name: 'Variable',
  summary: 'One name and value.',
  attributes: VARIABLE_ATTRIBUTES,
};

export interface Variable extends Position {
  readonly key: string;
  readonly value: string;
}

/** What verbs and their callbacks send besides (pivot-behaviour 9). */
const OF_VERBS = [
  ...['FinishedOnKey', 'SpeechResult', 'Confidence', 'RecordingStatus', 'DialBridged'],
  ...['Transcription-ID', 'Transcription-Status', 'Transcription-Text', 'Transcription-Url'],
  ...['TranscriptionSid', 'TranscriptionStatus', 'TranscriptionText', 'TranscriptionUrl'],
  ...['QueueTime', 'QueueResult', 'QueuePosition', 'AvgQueueTime', 'CurrentQueueSize'],
  ...['DequeueResult', 'DequeuedCallSid', 'DequeuedCallQueueTime', 'DequeuedCallDuration'],
];

/** Names that no variable takes, in any case. */
export const BUILT_IN_PARAMETERS: readonly string[] = [...BUILT_IN_NAMES, ...OF_VERBS];

const BUILT_IN = new Set(BUILT_IN_PARAMETERS.map((name) => name.toLowerCase()));

/** The variables nested in `<Set>` or `<Redirect>`; those that cannot be stored are reported and left out. */
export function parseVariables(element: XmlElement, report: Report): Variable[] {
  skipNested(element, report, [variable.name]);
  return childElements(element)
    .filter((child) => child.name === variable.name)
    .flatMap((child) => parseVariable(child, report) ?? []);
}

function parseVariable(element: XmlElement, report: Report): Variable | undefined {
  const { key = '', value: whole = '' } = readAttributes(element, VARIABLE_ATTRIBUTES, report);
  skipNested(element, report);
  skipText(element, report);
  if (!NAME.test(key)) {
    report.warn(twimlCodes.variableName, `${quoted(key)} is no name for a variable; it was not stored.`, element);
    return undefined;
  }
  if (BUILT_IN.has(key.toLowerCase())) {
    const message = `${quoted(key)} is the name of a built-in parameter; the variable was not stored.`;
    report.warn(twimlCodes.variableReserved, message, element);
    return undefined;
  }
  const value = cutToBytes(whole, MAX_VALUE_BYTES);
  if (value !== whole) {
    report.warn(twimlCodes.textCut, `The value of ${key} was cut to ${MAX_VALUE_BYTES} bytes.`, element);
  }
  return { key, value, line: element.line, column: element.column };
}

/** Stores variables on the call, the later of two of one name; each stays for the rest of the call. */
export function storeVariables(variables: readonly Variable[], context: TwimlContext): void {
  const stored = context.call.memory.variables;
  for (const { key, value, line, column } of variables) {
    if (!stored.has(key) && stored.size >= MAX_VARIABLES) {
      const message = `${quoted(key)} was not stored: the call has ${MAX_VARIABLES} variables.`;
      context.span.warn(fault(twimlCodes.variableLimit, message, { line, column }));
    } else stored.set(key, value);
  }
}
