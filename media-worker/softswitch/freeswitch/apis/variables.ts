/** `uuid_setvar`, `uuid_getvar`, `uuid_dump` and what else reads and writes channel data (41). */

import { splitArguments, splitAssignment } from '../arguments.ts';
import { formatEvent, type SwitchEvent } from '../event.ts';
import { type Api, NO_CHANNEL, OK } from './types.ts';

export const uuidSetvar: Api = {
  name: 'uuid_setvar',
  run(core, args) {
    const [uuid, name, value] = splitArguments(args, 3);
    if (uuid === undefined || name === undefined) return '-USAGE: <uuid> <var> [value]\n';
    const channel = core.channels.get(uuid);
    if (channel === undefined) return NO_CHANNEL;
    channel.setVariable(name, value);
    return OK;
  },
};

export const uuidSetvarMulti: Api = {
  name: 'uuid_setvar_multi',
  run(core, args) {
    const [uuid, list] = splitArguments(args, 2);
    if (uuid === undefined || list === undefined) return '-USAGE: <uuid> <var>=<value>;<var>=<value>...\n';
    const channel = core.channels.get(uuid);
    if (channel === undefined) return NO_CHANNEL;
    for (const part of list.split(';')) {
      const [name, value] = splitAssignment(part);
      if (name !== '') channel.setVariable(name, value);
    }
    return OK;
  },
};

export const uuidGetvar: Api = {
  name: 'uuid_getvar',
  run(core, args) {
    const [uuid, name] = splitArguments(args);
    if (uuid === undefined || name === undefined) return '-USAGE: <uuid> <var>\n';
    const channel = core.channels.get(uuid);
    if (channel === undefined) return NO_CHANNEL;
    return channel.variable(name) ?? '_undef_';
  },
};

/** Plain: `name: url-encoded value` lines, as drachtio-fsmrf's getChannelVariables reads them. */
export const uuidDump: Api = {
  name: 'uuid_dump',
  run(core, args) {
    const [uuid, format] = splitArguments(args);
    if (uuid === undefined) return '-USAGE: <uuid> [format]\n';
    const channel = core.channels.get(uuid);
    if (channel === undefined) return NO_CHANNEL;
    const event: SwitchEvent = {
      name: 'CHANNEL_DATA',
      subclass: undefined,
      headers: [
        ...core.baseHeaders('CHANNEL_DATA', { origin: ['mod_commands.c', 'uuid_dump_function', '6468'] }),
        ...channel.dataHeaders(),
      ],
      body: undefined,
    };
    if (format === 'json') return formatEvent(event, 'json');
    return `${formatEvent(event, format === 'xml' ? 'xml' : 'plain')}\n`;
  },
};

/** Puts the RTP counters into variables, which `uuid_dump` then shows. */
export const uuidSetMediaStats: Api = {
  name: 'uuid_set_media_stats',
  run(core, args) {
    const channel = core.channels.get(args.trim());
    if (channel === undefined) return NO_CHANNEL;
    const { sent, received, lost, late } = channel.rtp.statistics;
    const counts: Readonly<Record<string, string>> = {
      in_raw_bytes: String(received * 172),
      in_media_bytes: String(received * 172),
      in_packet_count: String(received),
      in_media_packet_count: String(received),
      in_skip_packet_count: String(lost),
      in_jitter_packet_count: String(late),
      in_dtmf_packet_count: '0',
      in_cng_packet_count: '0',
      in_flush_packet_count: '0',
      in_largest_jb_size: '0',
      in_jitter_min_variance: '0.00',
      in_jitter_max_variance: '0.00',
      in_jitter_loss_rate: '0.00',
      in_jitter_burst_rate: '0.00',
      in_mean_interval: '20.00',
      in_flaw_total: '0',
      in_quality_percentage: '100.00',
      in_mos: '4.50',
      out_raw_bytes: String(sent * 172),
      out_media_bytes: String(sent * 172),
      out_packet_count: String(sent),
      out_media_packet_count: String(sent),
      out_skip_packet_count: '0',
      out_dtmf_packet_count: '0',
      out_cng_packet_count: '0',
    };
    for (const [name, value] of Object.entries(counts)) channel.setVariable(`rtp_audio_${name}`, value);
    channel.setVariable('rtp_audio_rtcp_packet_count', '0');
    channel.setVariable('rtp_audio_rtcp_octet_count', '0');
    return '+OK:\n';
  },
};
