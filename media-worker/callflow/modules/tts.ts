import { flag, terminators, text } from '../data.ts';
import { type CallflowModule, CONTINUE } from '../module.ts';
import { keepTypedDigits, playRepeatedly } from './sound.ts';

const ENDLESS = 1000;

/**
 * Answers and speaks. A key stops it and is kept as the first of the digits that a following `collect_dtmf` counts. Words that could not
 * be spoken stop the flow (Kazoo's rule; `play` goes on): what follows would make no sense to a caller who has not heard them.
 */
export const tts: CallflowModule = {
  name: 'tts',
  describe: (data) => ({ 'pivot.say.text': (text(data, 'text') ?? '').slice(0, 256) }),
  async run({ call, span }, data) {
    const words = text(data, 'text') ?? '';
    const voice = text(data, 'voice');
    const engine = text(data, 'engine');
    const outcome = await playRepeatedly(
      call,
      {
        kind: 'speech',
        text: words,
        language: text(data, 'language') ?? call.memory.language,
        ...(voice === undefined ? {} : { voice }),
        ...(engine === undefined ? {} : { engine }),
      },
      flag(data, 'endless_playback') === true ? ENDLESS : 1,
      { stopOn: terminators(data), span },
    );
    keepTypedDigits(call);
    return outcome.kind === 'failed' ? { kind: 'stop', cause: 'NORMAL_TEMPORARY_FAILURE' } : CONTINUE;
  },
};
