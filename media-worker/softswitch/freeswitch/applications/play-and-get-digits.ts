import { numberOf, splitArguments } from '../arguments.ts';
import { readDigits, readOptions } from '../digits.ts';
import type { Application } from '../execution.ts';
import { playFile } from '../playback.ts';

/** PCRE in FreeSWITCH; ours is JavaScript's, on at most 128 digits, with the text limited too. A bad pattern matches nothing. */
function matches(digits: string, pattern: string): boolean {
  try {
    return new RegExp(pattern).test(digits);
  } catch {
    return false;
  }
}

/**
 * `play_and_get_digits MIN MAX TRIES TIMEOUT TERMINATORS FILE INVALID-FILE [VARIABLE [REGEXP [DIGIT-TIMEOUT]]]`
 * (33, 33b). What was typed stays in the variable when there is too little of it, and goes to `VARIABLE_invalid` when the regular
 * expression does not match; the invalid file follows every try without valid input, the last one too.
 */
export const playAndGetDigits: Application = {
  name: 'play_and_get_digits',
  async run(context) {
    const { channel, signal } = context;
    const args = splitArguments(context.args);
    const [min, max, tries, timeout, terminators, prompt, invalidFile, name, regexp, digitTimeout] = args;
    if (prompt === undefined || invalidFile === undefined) return;
    const options = readOptions({ min, max, timeout, digitTimeout, terminators, prompt, variable: name });
    const { variable } = options;
    channel.setVariable(`${variable}_invalid`, undefined);
    for (let left = Math.max(1, numberOf(tries, 1, 0, 1000)); left > 0 && !signal.aborted; left -= 1) {
      const { digits } = await readDigits(context, options);
      if (signal.aborted) return;
      if (options.min === 0 && digits === '') return;
      if (digits.length >= options.min && digits !== '') {
        if (regexp === undefined || regexp === '' || matches(digits, regexp)) return;
        channel.setVariable(`${variable}_invalid`, digits);
        channel.setVariable(variable, undefined);
      }
      await playFile(context, invalidFile);
    }
  },
};
