import { twimlCodes } from '../../../crds/errors/twiml.ts';
import type { Sound } from '../../media/sound.ts';
import { type AttributesOf, type AttributeTable, readAttributes } from '../attributes.ts';
import type { Position } from '../markup.ts';
import type { TwimlContext } from '../outcome.ts';
import type { Report } from '../report.ts';
import { type Listening, LOOP, playTimes, TERMINATORS } from '../sounding.ts';
import { checkSsml, SSML_ELEMENTS, ssmlOf } from '../ssml.ts';
import { cutToBytes, spokenText } from '../text.ts';
import { CONTINUE, skipNested, type VerbDefinition, verbOf } from '../verb.ts';
import { childElements, type XmlElement } from '../xml.ts';

/** Kazoo's `pivot.tts_texts_size`. */
const MAX_TEXT_BYTES = 4000;

export const SAY_ATTRIBUTES = {
  voice: {
    kind: 'text',
    default: undefined,
    description:
      '`man`, `male`, `woman`, `female`, `alice`, or a voice of the speech engine by its own name. A voice that the engine does not have is replaced by its default.',
    differs: 'Kazoo ends the call at any voice but the first four.',
  },
  language: {
    kind: 'language',
    default: undefined,
    description: 'A BCP 47 tag such as `en-GB`, in any case. Default: the language of the call.',
    differs: 'Kazoo knows six languages and ends the call at any other, `en-US` among them.',
  },
  engine: {
    kind: 'text',
    default: undefined,
    description: 'A speech engine by name. Default: the one configured.',
    differs: 'Kazoo has it, Twilio does not.',
  },
  loop: LOOP,
  terminators: TERMINATORS,
} as const satisfies AttributeTable;

export interface SayVerb extends Position, AttributesOf<typeof SAY_ATTRIBUTES> {
  readonly verb: 'Say';
  /** Never empty. */
  readonly text: string;
  /** The same for engines that read SSML, where the document has some. */
  readonly ssml?: string;
}

function parse(element: XmlElement, report: Report): SayVerb | undefined {
  const attributes = readAttributes(element, SAY_ATTRIBUTES, report);
  skipForeign(element, report);
  const whole = spokenText(element);
  if (whole === '') {
    report.warn(twimlCodes.nothingToDo, '<Say> has no text; it was skipped.', element);
    return undefined;
  }
  const text = cutToBytes(whole, MAX_TEXT_BYTES);
  if (text !== whole) {
    report.warn(twimlCodes.textCut, `The text of <Say> was cut to ${MAX_TEXT_BYTES} bytes.`, element);
  }
  // What is cut would end in the middle of an element.
  const ssml = text === whole ? ssmlOf(element) : undefined;
  return { ...verbOf('Say', element), ...attributes, text, ...(ssml === undefined ? {} : { ssml }) };
}

/** Warns about nested elements that are not SSML, at any depth; their text is spoken all the same. */
function skipForeign(element: XmlElement, report: Report): void {
  skipNested(element, report, SSML_ELEMENTS);
  for (const child of childElements(element)) {
    checkSsml(child, report);
    skipForeign(child, report);
  }
}

/** Speaks it; also the way that a `<Gather>` does. Answers the call. */
export async function speak(verb: SayVerb, context: TwimlContext, how: Listening): Promise<void> {
  const sound: Sound = {
    kind: 'speech',
    text: verb.text,
    language: verb.language ?? context.call.memory.language,
    ...(verb.ssml === undefined ? {} : { ssml: verb.ssml }),
    ...(verb.voice === undefined ? {} : { voice: verb.voice }),
    ...(verb.engine === undefined ? {} : { engine: verb.engine }),
  };
  await playTimes(context, sound, verb.loop, how);
}

export const say: VerbDefinition<SayVerb> = {
  name: 'Say',
  summary: 'Speaks a text. Answers the call. Keys typed meanwhile are kept for a following `<Gather>`.',
  content: `The text, at most ${MAX_TEXT_BYTES} bytes (the rest is cut). White space is collapsed; CDATA is text. SSML elements may stand in it. espeak-ng gets them, with pauses of at most 10 s; for other engines their text is spoken, \`<sub>\` by its alias, \`<say-as>\` of digits and characters one by one, \`<break>\`, \`<p>\` and \`<s>\` as pauses.`,
  example: '<Say voice="woman" language="en-GB">Good <emphasis>morning</emphasis>.</Say>',
  attributes: SAY_ATTRIBUTES,
  differences: [
    'Without text it is skipped with a warning; Kazoo ends the call.',
    'Kazoo loses the text of CDATA and of nested elements.',
  ],
  parse,
  async execute(verb, context) {
    await speak(verb, context, { stopOn: verb.terminators });
    return CONTINUE;
  },
};
