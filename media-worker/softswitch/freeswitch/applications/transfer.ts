import { splitArguments } from '../arguments.ts';
import type { Application } from '../execution.ts';
import { transferChannel } from '../transfer.ts';

/** `transfer DESTINATION [DIALPLAN [CONTEXT]]`; the only dialplan here is `inline`. */
export const transfer: Application = {
  name: 'transfer',
  run({ channel, args }) {
    const [destination, dialplan] = splitArguments(args);
    transferChannel(channel, destination ?? '', dialplan ?? 'XML');
    return undefined;
  },
};
