import { twimlCodes } from '../../../crds/errors/twiml.ts';
import { type AttributeTable, readAttributes } from '../attributes.ts';
import type { Position } from '../markup.ts';
import type { Report } from '../report.ts';
import { CONTINUE, skipText, type VerbDefinition, verbOf } from '../verb.ts';
import { childElements, type XmlElement } from '../xml.ts';
import { MAX_VARIABLES, parseVariables, storeVariables, type Variable, variable } from './variable.ts';

const SET_ATTRIBUTES = {} as const satisfies AttributeTable;

export interface SetVerb extends Position {
  readonly verb: 'Set';
  readonly variables: readonly Variable[];
}

function parse(element: XmlElement, report: Report): SetVerb {
  readAttributes(element, SET_ATTRIBUTES, report);
  skipText(element, report);
  const variables = parseVariables(element, report);
  if (childElements(element).length === 0) {
    report.warn(twimlCodes.nothingToDo, '<Set> has no <Variable>.', element);
  }
  return { ...verbOf('Set', element), variables };
}

export const set: VerbDefinition<SetVerb> = {
  name: 'Set',
  summary: `Stores variables on the call. They go out with every later request of the call, in both formats, also after a handover to Callflow JSON. At most ${MAX_VARIABLES} per call. Does not answer.`,
  content: '`<Variable>` elements; of two with one `key` the later counts.',
  example: '<Set><Variable key="customer" value="4711"/></Set>',
  attributes: SET_ATTRIBUTES,
  nouns: [variable],
  differences: ['Kazoo’s, not Twilio’s. Kazoo answers, takes exactly one `<Variable>`, and forgets it at a handover.'],
  parse,
  async execute(verb, context) {
    storeVariables(verb.variables, context);
    return CONTINUE;
  },
};
