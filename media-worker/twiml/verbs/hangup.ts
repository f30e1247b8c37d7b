import { twimlCodes } from '../../../crds/errors/twiml.ts';
import { type AttributeTable, readAttributes } from '../attributes.ts';
import type { Position } from '../markup.ts';
import type { Report } from '../report.ts';
import { STOP, skipNested, skipText, type VerbDefinition, verbOf } from '../verb.ts';
import { childElements, type XmlElement } from '../xml.ts';

const HANGUP_ATTRIBUTES = {} as const satisfies AttributeTable;

export interface HangupVerb extends Position {
  readonly verb: 'Hangup';
}

function parse(element: XmlElement, report: Report): HangupVerb {
  readAttributes(element, HANGUP_ATTRIBUTES, report);
  skipText(element, report);
  skipNested(element, report, ['Parameter']);
  for (const child of childElements(element)) {
    if (child.name !== 'Parameter') continue;
    report.warn(twimlCodes.attributeNotYet, '<Parameter> in <Hangup> is not supported yet and was ignored.', child);
  }
  return verbOf('Hangup', element);
}

export const hangup: VerbDefinition<HangupVerb> = {
  name: 'Hangup',
  summary: 'Ends the call. A call that was not answered is refused rather than answered first.',
  content: 'Nothing.',
  example: '<Hangup/>',
  attributes: HANGUP_ATTRIBUTES,
  differences: [
    'Twilio and Kazoo answer an unanswered call before they hang up.',
    'Twilio’s nested `<Parameter>` is ignored with a warning.',
  ],
  parse,
  async execute(_verb, context) {
    await context.call.hangup({ cause: 'NORMAL_CLEARING' });
    return STOP;
  },
};
