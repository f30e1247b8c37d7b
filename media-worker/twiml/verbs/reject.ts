import { twimlCodes } from '../../../crds/errors/twiml.ts';
import { type AttributesOf, type AttributeTable, readAttributes } from '../attributes.ts';
import type { Position } from '../markup.ts';
import { quoted, type Report } from '../report.ts';
import { STOP, skipNested, skipText, type VerbDefinition, verbOf } from '../verb.ts';
import type { XmlElement } from '../xml.ts';
import { type SoundReference, soundOf, soundReference } from './play.ts';

const REJECT_ATTRIBUTES = {
  reason: {
    kind: 'word',
    values: ['rejected', 'busy'],
    default: 'rejected',
    description: '`busy`: SIP 486. `rejected`: SIP 603, or what the callflow says.',
    differs: 'Kazoo sends 503 for `rejected`, which makes many carriers try another way.',
  },
  prompt: {
    kind: 'text',
    default: undefined,
    description: 'A sound, named as in `<Play>`, heard as early media before the refusal.',
    differs: 'Kazoo has it, Twilio does not.',
  },
} as const satisfies AttributeTable;

export interface RejectVerb extends Position {
  readonly verb: 'Reject';
  readonly reason: 'rejected' | 'busy';
  readonly prompt: SoundReference | undefined;
}

function parse(element: XmlElement, report: Report): RejectVerb {
  const { reason, prompt } = readAttributes(element, REJECT_ATTRIBUTES, report) satisfies AttributesOf<
    typeof REJECT_ATTRIBUTES
  >;
  skipNested(element, report);
  skipText(element, report);
  const sound = prompt === undefined ? undefined : soundReference(prompt);
  if (prompt !== undefined && sound === undefined) {
    report.warn(
      twimlCodes.badUrl,
      `prompt=${quoted(prompt)} names nothing that can be played; it was ignored.`,
      element,
    );
  }
  return { ...verbOf('Reject', element), reason, prompt: sound };
}

export const reject: VerbDefinition<RejectVerb> = {
  name: 'Reject',
  summary: 'Refuses the call without answering it. A call that was answered already is hung up.',
  content: 'Nothing.',
  example: '<Reject reason="busy"/>',
  attributes: REJECT_ATTRIBUTES,
  differences: ['With Twilio it must be the first verb; here it may follow others that do not answer.'],
  parse,
  async execute(verb, context) {
    const { call, rejectCode, span } = context;
    if (call.answered) {
      await call.hangup({ cause: 'NORMAL_CLEARING' });
      return STOP;
    }
    if (verb.prompt !== undefined) {
      await call.play(soundOf(verb.prompt, context), { stopOn: '', early: true, span });
    }
    await call.hangup(
      verb.reason === 'busy'
        ? { cause: 'USER_BUSY', sipStatus: 486 }
        : { cause: 'CALL_REJECTED', sipStatus: rejectCode },
    );
    return STOP;
  },
};
