import { fault } from '../../../crds/errors/fault.ts';
import { twimlCodes } from '../../../crds/errors/twiml.ts';
import { type AttributeTable, readAttributes } from '../attributes.ts';
import type { Position } from '../markup.ts';
import type { Report } from '../report.ts';
import { CONTINUE, skipNested, skipText, type VerbDefinition, verbOf } from '../verb.ts';
import type { XmlElement } from '../xml.ts';

const LEAVE_ATTRIBUTES = {} as const satisfies AttributeTable;

export interface LeaveVerb extends Position {
  readonly verb: 'Leave';
}

function parse(element: XmlElement, report: Report): LeaveVerb {
  readAttributes(element, LEAVE_ATTRIBUTES, report);
  skipText(element, report);
  skipNested(element, report);
  return verbOf('Leave', element);
}

export const leave: VerbDefinition<LeaveVerb> = {
  name: 'Leave',
  summary:
    'In the document that is heard while waiting in a queue: leaves the queue. The document with the `<Enqueue>` goes on, or its `action` is asked with `QueueResult=leave`. Anywhere else it does nothing, with a warning.',
  content: 'Nothing.',
  example: '<Leave/>',
  attributes: LEAVE_ATTRIBUTES,
  differences: ['Kazoo does not have it.'],
  parse,
  async execute(_verb, context) {
    if (context.queued === true) return { kind: 'leave' };
    context.span.warn(fault(twimlCodes.nothingToDo, '<Leave> outside of a queue does nothing'));
    return CONTINUE;
  },
};
