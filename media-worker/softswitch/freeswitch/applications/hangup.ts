import { causeOf } from '../causes.ts';
import type { Application } from '../execution.ts';

/** `hangup [CAUSE]`: a name or Q.850 number; an unknown one becomes NORMAL_CLEARING (39). */
export const hangup: Application = {
  name: 'hangup',
  run({ channel, args }) {
    channel.hangup(causeOf(args), { side: 'local' });
    return undefined;
  },
};
