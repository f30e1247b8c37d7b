import { connectOut } from '../esl/outbound.ts';
import type { Application } from '../execution.ts';

/** `socket HOST:PORT async full`: hands the channel to an application. When that goes, the channel is hung up. */
export const socket: Application = {
  name: 'socket',
  transparent: true,
  async run({ channel, args, park, signal }) {
    const address = args.split(' ')[0] ?? '';
    const colon = address.lastIndexOf(':');
    const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
    channel.setVariable('socket_host', host);
    channel.announce('CHANNEL_PARK', true);
    try {
      channel.socket = await connectOut(channel, host, Number(address.slice(colon + 1)), signal, () => {
        channel.socket = undefined;
        channel.hangup('NORMAL_CLEARING', { side: 'local' });
      });
    } catch (error) {
      if (!signal.aborted) {
        channel.core.log('warn', 'cannot connect to the application', { address, error: String(error) });
        channel.hangup('NORMAL_CLEARING', { side: 'local' });
      }
    }
    while (!signal.aborted) await park();
    channel.announce('CHANNEL_UNPARK', true);
  },
};
