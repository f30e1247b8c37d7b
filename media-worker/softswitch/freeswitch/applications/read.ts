import { numberOf, splitArguments } from '../arguments.ts';
import { readDigits } from '../digits.ts';
import type { Application } from '../execution.ts';

/** `read MIN MAX FILE VARIABLE TIMEOUT TERMINATORS [DIGIT-TIMEOUT]`. */
export const read: Application = {
  name: 'read',
  async run(context) {
    const [min, max, prompt, variable, timeout, terminators, digitTimeout] = splitArguments(context.args);
    if (prompt === undefined) return;
    const timeoutMs = Math.max(1000, numberOf(timeout, 1000));
    await readDigits(context, {
      min: numberOf(min, 0, 0, 128),
      max: Math.max(1, numberOf(max, 128, 0, 128)),
      timeoutMs,
      digitTimeoutMs: numberOf(digitTimeout, 0) || timeoutMs,
      terminators: terminators === 'none' ? '' : (terminators ?? '#'),
      prompt,
      variable: variable ?? 'read_digits',
    });
  },
};
