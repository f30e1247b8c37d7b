/** The headers about a channel that events carry, in FreeSWITCH's order (switch_channel_event_set_basic_data and others). */

import type { Channel, ChannelState } from './channel.ts';
import type { Header } from './event.ts';

const STATE_NUMBERS: Readonly<Record<ChannelState, number>> = {
  CS_NEW: 0,
  CS_INIT: 1,
  CS_ROUTING: 2,
  CS_SOFT_EXECUTE: 3,
  CS_EXECUTE: 4,
  CS_EXCHANGE_MEDIA: 5,
  CS_PARK: 6,
  CS_CONSUME_MEDIA: 7,
  CS_HIBERNATE: 8,
  CS_RESET: 9,
  CS_HANGUP: 10,
  CS_REPORTING: 11,
  CS_DESTROY: 12,
};

/** The caller profile under one of its prefixes: `Channel` (CHANNEL_DATA only), `Caller`, `Other-Leg`. */
export function profileHeaders(prefix: string, channel: Channel): Header[] {
  const { times } = channel;
  const own = prefix !== 'Other-Leg';
  const headers: Header[] = [
    [`${prefix}-Direction`, 'inbound'],
    [`${prefix}-Logical-Direction`, 'inbound'],
    [`${prefix}-Dialplan`, 'XML'],
    [`${prefix}-Caller-ID-Name`, own ? 'unknown' : 'Unknown'],
  ];
  if (!own) headers.push([`${prefix}-Caller-ID-Number`, 'Unknown']);
  headers.push(
    [`${prefix}-Orig-Caller-ID-Name`, 'unknown'],
    [`${prefix}-Network-Addr`, channel.networkAddress],
    [`${prefix}-Destination-Number`, channel.destination],
    [`${prefix}-Unique-ID`, channel.uuid],
    [`${prefix}-Source`, 'mod_sofia'],
    [`${prefix}-Context`, 'mrf'],
    [`${prefix}-Channel-Name`, channel.name],
  );
  if (own) headers.push([`${prefix}-Profile-Index`, String(channel.profileIndex)]);
  headers.push(
    [`${prefix}-Profile-Created-Time`, times.created],
    [`${prefix}-Channel-Created-Time`, times.created],
    [`${prefix}-Channel-Answered-Time`, times.answered],
    [`${prefix}-Channel-Progress-Time`, '0'],
    [`${prefix}-Channel-Progress-Media-Time`, times.answered],
    [`${prefix}-Channel-Hangup-Time`, times.hangup],
    [`${prefix}-Channel-Transfer-Time`, times.transfer],
    [`${prefix}-Channel-Resurrect-Time`, '0'],
    [`${prefix}-Channel-Bridged-Time`, times.bridged],
    [`${prefix}-Channel-Last-Hold`, times.lastHold],
    [`${prefix}-Channel-Hold-Accum`, '0'],
    [`${prefix}-Screen-Bit`, 'true'],
    [`${prefix}-Privacy-Hide-Name`, 'false'],
    [`${prefix}-Privacy-Hide-Number`, 'false'],
  );
  return headers;
}

/** What every channel event has: state, name, ids, codecs, caller profile, the other leg while bridged. */
export function basicHeaders(channel: Channel): Header[] {
  const headers: Header[] = [
    ['Channel-State', channel.state],
    ['Channel-Call-State', channel.callState],
    ['Channel-State-Number', String(STATE_NUMBERS[channel.state])],
    ['Channel-Name', channel.name],
    ['Unique-ID', channel.uuid],
    ['Call-Direction', 'inbound'],
    ['Presence-Call-Direction', 'inbound'],
    ['Channel-HIT-Dialplan', 'true'],
    ['Channel-Call-UUID', channel.uuid],
    ['Answer-State', channel.answerState],
  ];
  if (channel.cause !== undefined) headers.push(['Hangup-Cause', channel.cause]);
  const codec = channel.codec;
  if (codec !== undefined) {
    const linear = channel.conference !== undefined;
    headers.push(
      ['Channel-Read-Codec-Name', linear ? 'L16' : codec],
      ['Channel-Read-Codec-Rate', '8000'],
      ['Channel-Read-Codec-Bit-Rate', linear ? '128000' : '64000'],
      ['Channel-Write-Codec-Name', codec],
      ['Channel-Write-Codec-Rate', '8000'],
      ['Channel-Write-Codec-Bit-Rate', '64000'],
    );
  }
  headers.push(...profileHeaders('Caller', channel));
  if (channel.bridgedTo !== undefined) {
    headers.push(['Other-Type', 'originatee'], ...profileHeaders('Other-Leg', channel.bridgedTo));
  }
  return headers;
}

export function variableHeaders(channel: Channel): Header[] {
  return Array.from(channel.variables, ([name, value]): Header => [`variable_${name}`, value]);
}

/** Basic headers and all variables: CHANNEL_EXECUTE, PLAYBACK_START and the like. */
export function extendedHeaders(channel: Channel): Header[] {
  return [...basicHeaders(channel), ...variableHeaders(channel)];
}
