import type { Sound } from '../../media/sound.ts';
import { flag, integer, terminators, text } from '../data.ts';
import { type CallflowModule, CONTINUE } from '../module.ts';
import { keepTypedDigits, playRepeatedly } from './sound.ts';

/** `endless_playback` ends with the call, or here (design: `loop="0"`). */
const ENDLESS = 1000;
/** Kazoo waits this long after the answer, so that the first sound is not cut. */
const POST_ANSWER_MS = 100;

/**
 * Plays a media resource, URL or stream. Answers first unless `answer` is false (then the sound is early media). What cannot be played
 * is a warning and the flow goes on; a caller who hangs up ends it whatever branched.
 */
export const play: CallflowModule = {
  name: 'play',
  describe: (data) => ({ 'pivot.play': text(data, 'id') ?? '' }),
  async run({ call, span }, data) {
    const id = text(data, 'id');
    if (id === undefined) return CONTINUE;
    const early = flag(data, 'answer') === false;
    if (!early && !call.answered) {
      await call.answer();
      await call.sleep(POST_ANSWER_MS);
    }
    const times = flag(data, 'endless_playback') === true ? ENDLESS : (integer(data, 'loop_count') ?? 1);
    await playRepeatedly(call, soundOf(id), times, { stopOn: terminators(data), early, span });
    keepTypedDigits(call);
    return CONTINUE;
  },
};

/** Kazoo's media references: a URL, a stream, else the name of a media resource. */
export function soundOf(reference: string): Sound {
  if (/^https?:\/\//i.test(reference)) return { kind: 'url', url: reference };
  if (/^(tone_stream|silence_stream|local_stream):\/\//.test(reference)) return { kind: 'stream', uri: reference };
  return { kind: 'media', id: reference };
}
