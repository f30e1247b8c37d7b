import type { PlayOutcome } from '../call/call.ts';
import type { Sound } from '../media/sound.ts';
import type { IntegerAttribute, KeysAttribute } from './attributes.ts';
import type { TwimlContext } from './outcome.ts';

/** Twilio's figure for `loop="0"`. */
export const MAX_LOOPS = 1000;

export const LOOP = {
  kind: 'integer',
  default: 1,
  min: 0,
  max: MAX_LOOPS,
  belowMin: 'default',
  description: `How often it is heard. 0: until hang-up or a terminator, at most ${MAX_LOOPS} times.`,
} as const satisfies IntegerAttribute;

export const TERMINATORS = {
  kind: 'keys',
  default: '0123456789*#',
  description:
    'Keys that end the verb, all its repetitions. The key stays typed ahead for a following `<Gather>`. Empty: no key does. Within `<Gather>` it has no effect.',
  differs:
    'Kazoo has it, Twilio does not (there no key ends a `<Say>` or `<Play>`). In Kazoo a key ends one repetition.',
} as const satisfies KeysAttribute;

/** How the sound of a verb is heard: on its own, or as the prompt of a `<Gather>`. */
export interface Listening {
  /** Keys that end it. */
  readonly stopOn: string;
  /** Aborted by the first digit of a `<Gather>`. */
  readonly signal?: AbortSignal;
}

/**
 * Plays a sound `loop` times; 0 is as often as allowed. A key of `stopOn` ends all of it. A sound that cannot be played is not
 * tried again; the call has noted why in the trace. Twilio ends the call there, but the rest of the document may say what to do.
 */
export async function playTimes(context: TwimlContext, sound: Sound, loop: number, how: Listening): Promise<void> {
  const times = loop === 0 ? MAX_LOOPS : loop;
  for (let played = 0; played < times && how.signal?.aborted !== true; played++) {
    const outcome: PlayOutcome = await context.call.play(sound, {
      stopOn: how.stopOn,
      span: context.span,
      ...(how.signal === undefined ? {} : { signal: how.signal }),
    });
    if (outcome.kind === 'failed') context.span.set({ 'pivot.twiml.sound': 'failed' });
    if (outcome.kind !== 'finished') return;
  }
}
