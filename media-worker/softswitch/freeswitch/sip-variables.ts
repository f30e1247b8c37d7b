/** The channel variables that mod_sofia sets from an INVITE (30), in its order. */

import type { IncomingCall } from '../sip/types.ts';
import type { Channel } from './channel.ts';
import { microseconds, PROFILE } from './core.ts';
import type { HeaderValue } from './event.ts';

interface Address {
  readonly user: string;
  readonly host: string;
  readonly port: string;
}

function addressOf(text: string | undefined, fallbackUser: string): Address {
  const match = /sips?:(?:([^@;>?]+)@)?(\[[^\]]+\]|[^:;>?\s]+)(?::(\d+))?/i.exec(text ?? '');
  return { user: match?.[1] ?? fallbackUser, host: match?.[2] ?? '', port: match?.[3] ?? '5060' };
}

function addressVariables(prefix: string, address: Address): [string, string][] {
  return [
    [`${prefix}_user`, address.user],
    [`${prefix}_port`, address.port],
    [`${prefix}_uri`, `${address.user}@${address.host}:${address.port}`],
    [`${prefix}_host`, address.host],
  ];
}

/** The names of headers reach us in lower case; FreeSWITCH keeps what was sent, which for X-esl-outbound is this. */
function headerName(name: string): string {
  if (name === 'x-esl-outbound') return 'X-esl-outbound';
  return name.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => `${dash}${letter.toUpperCase()}`);
}

export function sipVariables(channel: Channel, call: IncomingCall): [string, HeaderValue][] {
  const { headers, uri } = call.invite;
  const get = (name: string): string | undefined => headers.get(name)?.[0];
  const { core } = channel;
  const port = String(call.sourcePort);
  const agent = get('user-agent') ?? '';
  const via = get('via') ?? '';
  const profileUrl = `sip:mod_sofia@${core.sip.host}:${core.sip.port}`;
  const variables: [string, HeaderValue][] = [
    ['direction', 'inbound'],
    ['uuid', channel.uuid],
    ['session_id', String(channel.number)],
    ...addressVariables('sip_from', addressOf(get('from'), 'nobody')),
    ['video_media_flow', 'disabled'],
    ['text_media_flow', 'disabled'],
    ['channel_name', channel.name],
    ['sip_call_id', get('call-id') ?? ''],
    ['sip_local_network_addr', core.sip.host],
    ['sip_network_ip', call.sourceAddress],
    ['sip_network_port', port],
    ['sip_invite_stamp', microseconds()],
    ['sip_received_ip', call.sourceAddress],
    ['sip_received_port', port],
    ['sip_via_protocol', call.transport],
    ['sofia_profile_name', PROFILE],
    ['sofia_profile_url', profileUrl],
    ['recovery_profile_name', PROFILE],
    ['sip_full_via', via],
    ['sip_full_from', get('from') ?? ''],
    ['sip_full_to', get('to') ?? ''],
    ...addressVariables('sip_req', addressOf(uri, '')),
    ...addressVariables('sip_to', addressOf(get('to'), '')),
    ...addressVariables('sip_contact', addressOf(get('contact'), 'nobody')),
    ['sip_user_agent', agent],
    ['sip_via_host', call.sourceAddress],
    ['sip_via_port', port],
    ['sip_via_rport', port],
    ['max_forwards', get('max-forwards') ?? '70'],
  ];
  for (const [name, values] of headers) {
    if (name.startsWith('x-') && values[0] !== undefined) variables.push([`sip_h_${headerName(name)}`, values[0]]);
  }
  variables.push(['DP_MATCH', [agent, agent.replace(/^drachtio-fsmrf:/, '')]], ['call_uuid', channel.uuid]);
  return variables;
}
