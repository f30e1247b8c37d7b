import { type AttributesOf, type AttributeTable, readAttributes } from '../attributes.ts';
import type { Position } from '../markup.ts';
import type { TwimlContext } from '../outcome.ts';
import type { Report } from '../report.ts';
import { CONTINUE, skipNested, skipText, type VerbDefinition, verbOf } from '../verb.ts';
import type { XmlElement } from '../xml.ts';

export const PAUSE_ATTRIBUTES = {
  length: {
    kind: 'integer',
    default: 1,
    min: 0,
    max: 3600,
    belowMin: 'min',
    unit: 's',
    description: 'How long to wait. 0: not at all.',
    differs: 'Kazoo ends the call at 0 and less.',
  },
} as const satisfies AttributeTable;

export interface PauseVerb extends Position, AttributesOf<typeof PAUSE_ATTRIBUTES> {
  readonly verb: 'Pause';
}

function parse(element: XmlElement, report: Report): PauseVerb {
  const attributes = readAttributes(element, PAUSE_ATTRIBUTES, report);
  skipNested(element, report);
  skipText(element, report);
  return { ...verbOf('Pause', element), ...attributes };
}

/** Waits; also the way that a `<Gather>` does. */
export async function wait(verb: PauseVerb, context: TwimlContext, signal?: AbortSignal): Promise<void> {
  if (verb.length > 0) await context.call.sleep(verb.length * 1000, signal);
}

export const pause: VerbDefinition<PauseVerb> = {
  name: 'Pause',
  summary:
    'Waits in silence. Keys typed meanwhile are kept for a following `<Gather>`. It does not answer: before the first verb that does, it lets the call ring on.',
  content: 'Nothing.',
  example: '<Pause length="2"/>',
  attributes: PAUSE_ATTRIBUTES,
  differences: [
    'Kazoo answers first, and cannot be interrupted by a hang-up.',
    'With Twilio too a `<Pause>` as first verb delays answering.',
  ],
  parse,
  async execute(verb, context) {
    await wait(verb, context);
    return CONTINUE;
  },
};
