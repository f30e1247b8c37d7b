import { text } from '../data.ts';
import { type CallflowModule, CONTINUE } from '../module.ts';

/** Sets the language of prompts, speech and the `Language` parameter, like `en-us`. */
export const language: CallflowModule = {
  name: 'language',
  describe: (data) => ({ 'pivot.language': text(data, 'language') ?? '' }),
  async run({ call }, data) {
    const wanted = text(data, 'language');
    if (wanted !== undefined) call.memory.language = wanted.toLowerCase();
    return CONTINUE;
  },
};
