import type { Application } from '../execution.ts';

/** `break`: cuts the playback it was sent into. */
export const breakApplication: Application = {
  name: 'break',
  run({ channel, afterwards }) {
    afterwards(() => channel.execution.break());
    return undefined;
  },
};
