/** `uuid_transfer` and `transfer`: ends what runs on a channel and runs a list of applications instead. */

import { unbridge } from './bridge.ts';
import type { Channel } from './channel.ts';
import { microseconds } from './core.ts';
import type { Step } from './execution.ts';

/** `APP[:ARGS],APP…`, the inline dialplan; `m:X:` at the start makes X the separator. */
function parseInline(text: string): Step[] {
  const own = /^m:(.):(.*)$/s.exec(text);
  const list = own === null ? text.split(',') : (own[2] ?? '').split(own[1] ?? ',');
  return list
    .filter((step) => step.trim() !== '')
    .map((step) => {
      const colon = step.indexOf(':');
      return colon === -1
        ? { app: step.trim(), args: '' }
        : { app: step.slice(0, colon).trim(), args: step.slice(colon + 1) };
    });
}

/** Returns at once; the channel changes over as soon as its applications have ended. Another dialplan has no extensions here. */
export function transferChannel(channel: Channel, destination: string, dialplan: string): void {
  const steps = dialplan === 'inline' ? parseInline(destination) : [];
  channel.plan += 1;
  channel.core.track(change(channel, steps), `transfer of ${channel.uuid}`);
}

async function change(channel: Channel, steps: readonly Step[]): Promise<void> {
  const { plan } = channel;
  await channel.execution.unwind('transfer');
  if (channel.ended || channel.plan !== plan) return;
  unbridge(channel);
  channel.times.transfer = microseconds();
  channel.profileIndex += 1;
  channel.setVariable('transfer_source', `${Math.floor(Date.now() / 1000)}:${channel.uuid}:bl_xfer`);
  channel.setState('CS_ROUTING');
  channel.setCallState('RINGING');
  channel.setState('CS_EXECUTE');
  channel.setCallState('ACTIVE');
  // Nothing more to do in the dialplan: FreeSWITCH hangs up.
  if (await channel.execution.runAll(steps)) {
    channel.hangup(steps.length === 0 ? 'NO_ROUTE_DESTINATION' : 'NORMAL_CLEARING', { side: 'local' });
  }
}
