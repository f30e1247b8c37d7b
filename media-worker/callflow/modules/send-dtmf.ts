import { integer, text } from '../data.ts';
import { type CallflowModule, CONTINUE } from '../module.ts';

const DEFAULT_DURATION_MS = 2000;
/** RFC 4733 events carry at most 65,535 samples: some eight seconds at 8000 Hz. */
const LONGEST_MS = 8000;

/** Sends digits to the caller, `duration_ms` each. */
export const sendDtmf: CallflowModule = {
  name: 'send_dtmf',
  describe: (data) => ({ 'pivot.digits.count': text(data, 'digits')?.length ?? 0 }),
  async run({ call }, data) {
    const digits = (text(data, 'digits') ?? '')
      .replace(/[a-d]/g, (key) => key.toUpperCase())
      .replace(/[^0-9*#A-DwW]/g, '');
    const duration = Math.min(integer(data, 'duration_ms') ?? DEFAULT_DURATION_MS, LONGEST_MS);
    if (digits !== '') await call.sendDigits(digits, duration);
    return CONTINUE;
  },
};
