import { splitArguments } from '../arguments.ts';
import { startDisplacing, stopDisplacing } from '../displace.ts';
import type { Application } from '../execution.ts';

/** `displace_session FILE [FLAGS]`. */
export const displaceSession: Application = {
  name: 'displace_session',
  async run({ channel, args, turn }) {
    const [file, flags] = splitArguments(args);
    if (file !== undefined) await startDisplacing(channel, file, flags ?? '');
    await turn();
  },
};

export const stopDisplaceSession: Application = {
  name: 'stop_displace_session',
  run({ channel, args }) {
    stopDisplacing(channel, args.trim());
    return undefined;
  },
};
