/** `uuid_*` commands about what a channel sends and hears: digits, recording, displacement, mute. */

import { numberOf, splitArguments } from '../arguments.ts';
import { sendDigits } from '../digits-out.ts';
import { startDisplacing, stopDisplacing } from '../displace.ts';
import { startRecording, stopRecording } from '../recording.ts';
import { type Api, NO_CHANNEL, OK } from './types.ts';

export const uuidSendDtmf: Api = {
  name: 'uuid_send_dtmf',
  run(core, args) {
    const [uuid, digits] = splitArguments(args);
    if (uuid === undefined || digits === undefined) return '-USAGE: <uuid> <dtmf_data>\n';
    const channel = core.channels.get(uuid);
    if (channel === undefined) return NO_CHANNEL;
    return sendDigits(channel, digits) ? `+OK ${uuid} sent DTMF ${digits}.\n` : '-ERR Operation failed!\n';
  },
};

export const uuidRecvDtmf: Api = {
  name: 'uuid_recv_dtmf',
  run(core, args) {
    const [uuid, text] = splitArguments(args);
    if (uuid === undefined || text === undefined) return '-USAGE: <uuid> <dtmf_data>\n';
    const channel = core.channels.get(uuid);
    if (channel === undefined) return NO_CHANNEL;
    const [digits, ms] = text.split('@');
    const durationSamples = numberOf(ms, 250, 50, 24_000) * 8;
    for (const digit of (digits ?? '').toUpperCase().replace(/[^0-9*#A-D]/g, '')) {
      channel.receiveDigit({ digit, durationSamples, source: 'APP' });
    }
    return `+OK ${uuid} received DTMF ${text}.\n`;
  },
};

const RECORD_USAGE = '-USAGE: <uuid> [start|stop|mask|unmask] <path> [<limit>] [<recording_vars>]\n';

export const uuidRecord: Api = {
  name: 'uuid_record',
  async run(core, args) {
    const [uuid, action, path, limit] = splitArguments(args);
    if (uuid === undefined || action === undefined || path === undefined) return RECORD_USAGE;
    const channel = core.channels.get(uuid);
    if (channel === undefined) return '-ERR Cannot locate session!\n';
    switch (action) {
      case 'start':
        return (await startRecording(channel, path, numberOf(limit, 0)))
          ? '+OK Success\n'
          : '-ERR Cannot record session!\n';
      case 'stop':
        return (await stopRecording(channel, path)) ? '+OK Success\n' : '-ERR Cannot stop record session!\n';
      case 'mask':
      case 'unmask':
        return channel.recordings.get(path)?.mask(action === 'mask') === true
          ? '+OK Success\n'
          : `-ERR Cannot ${action} recording session!\n`;
      default:
        return RECORD_USAGE;
    }
  },
};

export const uuidDisplace: Api = {
  name: 'uuid_displace',
  async run(core, args) {
    const [uuid, action, file, , flags] = splitArguments(args);
    if (uuid === undefined || action === undefined || file === undefined) {
      return '-USAGE: <uuid> [start|stop] <path> [<limit>] [mux]\n';
    }
    const channel = core.channels.get(uuid);
    if (channel === undefined) return '-ERR Cannot locate session!\n';
    if (action === 'stop')
      return stopDisplacing(channel, file) ? '+OK Success\n' : '-ERR Cannot stop displace session!\n';
    return (await startDisplacing(channel, file, flags ?? '')) ? '+OK Success\n' : '-ERR Cannot displace session!\n';
  },
};

/** `uuid_audio UUID start read|write mute LEVEL`, `uuid_audio UUID stop`: only mute is done; levels are accepted. */
export const uuidAudio: Api = {
  name: 'uuid_audio',
  run(core, args) {
    const [uuid, action, direction, what, level] = splitArguments(args);
    const channel = uuid === undefined ? undefined : core.channels.get(uuid);
    if (uuid === undefined || action === undefined)
      return '-USAGE: <uuid> [start [read|write] [mute|level <level>]|stop]\n';
    if (channel === undefined) return NO_CHANNEL;
    const on = action === 'start' && what === 'mute' && numberOf(level, 1, -4, 4) !== 0;
    if (action === 'stop' || direction === 'read') channel.readMuted = on;
    if (action === 'stop' || direction === 'write') channel.output.muted = on;
    return OK;
  },
};

export const uuidBuglist: Api = {
  name: 'uuid_buglist',
  run(core, args) {
    const channel = core.channels.get(args.trim());
    if (channel === undefined) return NO_CHANNEL;
    const bugs = Array.from(
      channel.recordings.keys(),
      (path) => ` <media-bug>\n  <function>session_record</function>\n  <target>${path}</target>\n </media-bug>\n`,
    );
    return `<media-bugs>\n${bugs.join('')}</media-bugs>\n`;
  },
};

/** Codec parameters cannot be changed; without them, the recorded usage (41). */
export const uuidCodecParam: Api = {
  name: 'uuid_codec_param',
  run: () => '-USAGE: <uuid> audio|video read|write <param> <val>\n-ERR Operation Failed [NOT SENT]\n',
};
