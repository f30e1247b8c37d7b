import type { CallflowModule } from '../module.ts';

/** Ends the call, whatever branched here. There is no cause to give; `response` does that. */
export const hangup: CallflowModule = {
  name: 'hangup',
  async run() {
    return { kind: 'hardStop' };
  },
};
