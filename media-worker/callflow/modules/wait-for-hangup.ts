import type { Call } from '../../call/call.ts';
import type { CallflowModule, Outcome } from '../module.ts';

/** Waits until the caller leaves. Does not answer. */
export const waitForHangup: CallflowModule = {
  name: 'wait_for_hangup',
  run: ({ call }) => untilHangup(call),
};

export function untilHangup(call: Call): Promise<Outcome> {
  return new Promise((resolve) => {
    const over = (): void => resolve({ kind: 'hardStop' });
    if (call.signal.aborted) over();
    else call.signal.addEventListener('abort', over, { once: true });
  });
}
