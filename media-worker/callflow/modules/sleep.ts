import { integer, text } from '../data.ts';
import { type CallflowModule, CONTINUE } from '../module.ts';
import { keepTypedDigits } from './sound.ts';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const LONGEST_MS = 24 * 3_600_000;

/** Pauses for `duration` of `unit` (default seconds), at most a day. Does not answer. Digits typed meanwhile are kept. */
export const sleep: CallflowModule = {
  name: 'sleep',
  async run({ call }, data) {
    const ms = (integer(data, 'duration') ?? 0) * (UNITS[text(data, 'unit') ?? 's'] ?? 1000);
    await call.sleep(Math.min(Math.max(ms, 0), LONGEST_MS));
    keepTypedDigits(call);
    return CONTINUE;
  },
};
