import { integer, text } from '../data.ts';
import type { CallflowModule } from '../module.ts';
import { soundOf } from './play.ts';

const DEFAULT_CODE = 486;

/**
 * Ends the call with a SIP status, after an optional sound as early media. On an answered call only hanging up is left, with the status
 * in the `Reason` of the BYE's cause.
 */
export const response: CallflowModule = {
  name: 'response',
  describe: (data) => ({ 'pivot.response.code': integer(data, 'code') ?? DEFAULT_CODE }),
  async run({ call, span }, data) {
    const media = text(data, 'media');
    if (media !== undefined) await call.play(soundOf(media), { stopOn: '', early: true, span });
    const given = integer(data, 'code') ?? DEFAULT_CODE;
    const code = given >= 300 && given <= 699 ? given : DEFAULT_CODE;
    const message = text(data, 'message');
    await call.hangup({
      cause: code === 486 || code === 600 ? 'USER_BUSY' : 'CALL_REJECTED',
      sipStatus: code,
      ...(message === undefined ? {} : { reason: message }),
    });
    return { kind: 'hardStop' };
  },
};
