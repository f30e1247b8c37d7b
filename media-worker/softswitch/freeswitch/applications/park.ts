import type { Application } from '../execution.ts';

/** Waits for a transfer or the end. Sent to a channel that is already parked by its socket, it completes at once (41). */
export const park: Application = {
  name: 'park',
  transparent: true,
  run({ channel, park: wait, signal }) {
    if (channel.execution.depth > 1) return undefined;
    channel.announce('CHANNEL_PARK', true);
    return (async () => {
      while (!signal.aborted) await wait();
      channel.announce('CHANNEL_UNPARK', true);
    })();
  },
};
