import { type CallflowModule, CONTINUE } from '../module.ts';

/** Waits until queued media is done; here each action waits for its own, so there is nothing to wait for. */
export const noop: CallflowModule = {
  name: 'noop',
  async run() {
    return CONTINUE;
  },
};
