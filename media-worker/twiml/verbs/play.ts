import { withoutCredentials } from '../../../crds/callflow/urls.ts';
import { twimlCodes } from '../../../crds/errors/twiml.ts';
import type { Sound } from '../../media/sound.ts';
import { type AttributesOf, type AttributeTable, readAttributes } from '../attributes.ts';
import type { Position } from '../markup.ts';
import type { TwimlContext } from '../outcome.ts';
import { quoted, type Report } from '../report.ts';
import { type Listening, LOOP, MAX_LOOPS, playTimes, TERMINATORS } from '../sounding.ts';
import { resolvable, resolveUrl } from '../urls.ts';
import { CONTINUE, skipNested, type VerbDefinition, verbOf } from '../verb.ts';
import { directText, type XmlElement } from '../xml.ts';

export const PLAY_ATTRIBUTES = {
  loop: LOOP,
  terminators: TERMINATORS,
  digits: {
    kind: 'dial string',
    default: undefined,
    description: 'DTMF sent to the caller, before the sound if there is one; `w` waits half a second, `W` one second.',
    differs: 'Twilio has it, Kazoo does not.',
  },
} as const satisfies AttributeTable;

/** What the content of `<Play>` names; a URL may still be relative. */
export type SoundReference =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'stream'; readonly uri: string }
  | { readonly kind: 'media'; readonly id: string };

export interface PlayVerb extends Position, AttributesOf<typeof PLAY_ATTRIBUTES> {
  readonly verb: 'Play';
  /** Undefined when there are digits only. */
  readonly sound: SoundReference | undefined;
}

/**
 * What a text names: `tone_stream://` and the like a stream of FreeSWITCH, a word without dots and slashes a media resource, anything
 * else an http(s) URL, relative or not. Undefined when it can be none of them.
 */
export function soundReference(text: string): SoundReference | undefined {
  if (/^(?:tone_stream|silence_stream|local_stream):\/\/[!-~]+$/.test(text)) return { kind: 'stream', uri: text };
  if (/^[A-Za-z0-9_-]+$/.test(text)) return { kind: 'media', id: text };
  return resolvable(text) ? { kind: 'url', url: text } : undefined;
}

/** The sound itself; a relative URL counts from the document's. */
export function soundOf(reference: SoundReference, context: TwimlContext): Sound {
  return reference.kind === 'url' ? { kind: 'url', url: resolveUrl(context.documentUrl, reference.url) } : reference;
}

function parse(element: XmlElement, report: Report): PlayVerb | undefined {
  const attributes = readAttributes(element, PLAY_ATTRIBUTES, report);
  skipNested(element, report);
  const text = directText(element);
  const sound = text === '' ? undefined : soundReference(text);
  if (text !== '' && sound === undefined) {
    const message = `<Play> of ${quoted(withoutCredentials(text))} is no URL, media name or stream that can be played.`;
    report.warn(twimlCodes.badUrl, message, element);
  } else if (text === '' && attributes.digits === undefined) {
    report.warn(twimlCodes.nothingToDo, '<Play> has neither a sound nor digits; it was skipped.', element);
  }
  if (sound === undefined && attributes.digits === undefined) return undefined;
  return { ...verbOf('Play', element), ...attributes, sound };
}

/** Plays it; also the way that a `<Gather>` does. Answers the call. */
export async function playBack(verb: PlayVerb, context: TwimlContext, how: Listening): Promise<void> {
  if (verb.digits !== undefined) await context.call.sendDigits(verb.digits);
  if (verb.sound !== undefined) await playTimes(context, soundOf(verb.sound, context), verb.loop, how);
}

export const play: VerbDefinition<PlayVerb> = {
  name: 'Play',
  summary:
    'Plays a sound, or sends DTMF. Answers the call. Keys typed meanwhile are kept for a following `<Gather>`. A sound that cannot be fetched or played is a warning in the trace, and the document goes on.',
  content:
    'An http(s) URL of a wav or mp3 file, absolute or relative to the document; the name of a PivotMedia of the account (a word without dots and slashes); or `tone_stream://…`, `silence_stream://…`, `local_stream://…`. May be empty when `digits` is given.',
  example: '<Play loop="2">sounds/welcome.mp3</Play>',
  attributes: PLAY_ATTRIBUTES,
  differences: [
    'A sound that cannot be had does not end the call; with Twilio it does.',
    `\`loop="0"\` ends after ${MAX_LOOPS} repetitions; with Kazoo it never does.`,
    'Kazoo plays only absolute URLs and its own media paths.',
  ],
  parse,
  async execute(verb, context) {
    await playBack(verb, context, { stopOn: verb.terminators });
    return CONTINUE;
  },
};
