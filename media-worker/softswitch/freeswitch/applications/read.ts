import { splitArguments } from '../arguments.ts';
import { readDigits, readOptions } from '../digits.ts';
import type { Application } from '../execution.ts';

/** `read MIN MAX FILE VARIABLE TIMEOUT TERMINATORS [DIGIT-TIMEOUT]`. */
export const read: Application = {
  name: 'read',
  async run(context) {
    const [min, max, prompt, variable, timeout, terminators, digitTimeout] = splitArguments(context.args);
    if (prompt === undefined) return;
    await readDigits(context, readOptions({ min, max, timeout, digitTimeout, terminators, prompt, variable }));
  },
};
