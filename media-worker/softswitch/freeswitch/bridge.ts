/** Joining two channels (`uuid_bridge`): each hears the other, digits pass through; both keep their sockets (36). */

import type { Channel } from './channel.ts';
import { extendedHeaders } from './channel-headers.ts';
import { microseconds } from './core.ts';
import type { Header } from './event.ts';
import { FrameQueue } from './frame-queue.ts';

const CLEANUP = 'bridge';

/** Returns at once; the channels are joined as soon as their applications have ended. */
export function bridgeChannels(a: Channel, b: Channel): void {
  a.plan += 1;
  b.plan += 1;
  a.core.track(join(a, b), `bridge of ${a.uuid}`);
}

async function join(a: Channel, b: Channel): Promise<void> {
  const plans = [a.plan, b.plan];
  unbridge(a);
  unbridge(b);
  await leave(b);
  await leave(a);
  if (a.plan !== plans[0] || b.plan !== plans[1]) return;
  if (a.ended || b.ended) {
    for (const channel of [a, b]) afterBridge(channel);
    return;
  }
  a.setState('CS_SOFT_EXECUTE');
  b.setState('CS_SOFT_EXECUTE');
  connect(a, b);
  connect(b, a);
  announceBridge(a, b);
  announceBridge(b, a);
  const now = microseconds();
  a.times.bridged = now;
  b.times.bridged = now;
  a.fire('CHANNEL_BRIDGE', () => [
    ['Bridge-A-Unique-ID', a.uuid],
    ['Bridge-B-Unique-ID', b.uuid],
    ...extendedHeaders(a),
  ]);
  b.setState('CS_EXCHANGE_MEDIA');
}

async function leave(channel: Channel): Promise<void> {
  await channel.execution.unwind('transfer');
  if (channel.ended) return;
  channel.setState('CS_HIBERNATE');
  channel.setState('CS_RESET');
}

/** `from` hears `to` from now on. */
function connect(from: Channel, to: Channel): void {
  const queue = new FrameQueue();
  to.listen(queue);
  from.bridgedTo = to;
  from.bridgeSource = queue;
  from.setVariable('bridge_uuid', to.uuid);
  from.setVariable('signal_bond', to.uuid);
  from.onBridgedDigit = ({ digit, durationSamples }) => {
    to.rtp.sendDigits(digit, Math.max(50, Math.round(durationSamples / 8))).catch(() => {
      // The other side has no telephone-event or is gone; FreeSWITCH drops the digit too.
    });
  };
  from.execution.refresh();
  from.cleanups.set(CLEANUP, () => unbridge(from));
}

/** Bridging shows as the execution of an application that never completes (36). */
function announceBridge(channel: Channel, other: Channel): void {
  channel.fire('CHANNEL_EXECUTE', () => {
    const application: Header[] = [
      ['Application', 'uuid_bridge'],
      ['Application-Data', other.uuid],
    ];
    return [...extendedHeaders(channel), ...application];
  });
}

/** Takes the channel out of its bridge; the other side parks, or does what `hangup_after_bridge` says. */
export function unbridge(channel: Channel): void {
  const other = channel.bridgedTo;
  if (other === undefined) return;
  for (const [from, to] of [
    [channel, other],
    [other, channel],
  ] as const) {
    if (from.bridgeSource instanceof FrameQueue) to.unlisten(from.bridgeSource);
    from.bridgeSource = undefined;
    from.onBridgedDigit = undefined;
    from.cleanups.delete(CLEANUP);
    from.execution.refresh();
  }
  const survivor = channel.ended ? other : channel;
  survivor.fire('CHANNEL_UNBRIDGE', () => [
    ['Bridge-A-Unique-ID', survivor.uuid],
    ['Bridge-B-Unique-ID', survivor.bridgedTo?.uuid ?? ''],
    ...extendedHeaders(survivor),
  ]);
  channel.bridgedTo = undefined;
  other.bridgedTo = undefined;
  afterBridge(other);
}

/** A channel left alone: not when something else is about to take it over. */
function afterBridge(channel: Channel): void {
  if (channel.ended) return;
  if (channel.variable('hangup_after_bridge') === 'true') {
    channel.hangup('NORMAL_CLEARING', { side: 'local' });
    return;
  }
  channel.setState('CS_PARK');
  channel.announce('CHANNEL_PARK', true);
}
