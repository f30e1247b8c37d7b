/** `uuid_*` commands about what a channel does: break, kill, exists, park, hold, answer, transfer, bridge. */

import { splitArguments } from '../arguments.ts';
import { bridgeChannels } from '../bridge.ts';
import { causeOf } from '../causes.ts';
import { transferChannel } from '../transfer.ts';
import { type Api, NO_CHANNEL, OK } from './types.ts';

export const uuidBreak: Api = {
  name: 'uuid_break',
  run(core, args) {
    const [uuid] = splitArguments(args);
    if (uuid === undefined) return '-USAGE: <uuid> [all]\n';
    const channel = core.channels.get(uuid);
    if (channel === undefined) return NO_CHANNEL;
    channel.execution.break();
    return OK;
  },
};

export const uuidKill: Api = {
  name: 'uuid_kill',
  run(core, args) {
    const [uuid, cause] = splitArguments(args);
    if (uuid === undefined) return '-USAGE: <uuid> [cause]\n';
    const channel = core.channels.get(uuid);
    if (channel === undefined || channel.ended) return NO_CHANNEL;
    channel.hangup(causeOf(cause), { side: 'abrupt' });
    return OK;
  },
};

export const hupall: Api = {
  name: 'hupall',
  run(core, args) {
    const cause = args.trim() === '' ? 'MANAGER_REQUEST' : causeOf(args);
    for (const channel of [...core.channels.values()]) channel.hangup(cause, { side: 'abrupt' });
    return `+OK hangup all channels with cause ${cause}\n`;
  },
};

export const uuidExists: Api = {
  name: 'uuid_exists',
  run: (core, args) => (core.channels.has(args.trim()) ? 'true' : 'false'),
};

export const uuidPark: Api = {
  name: 'uuid_park',
  run(core, args) {
    const channel = core.channels.get(args.trim());
    if (channel === undefined) return '-ERR Park Failed\n';
    transferChannel(channel, 'park', 'inline');
    return '+OK Success\n';
  },
};

/** Neither sends a re-INVITE here: the far end is the media worker's, not a phone to be told. */
export const uuidHold: Api = {
  name: 'uuid_hold',
  run: (core, args) =>
    core.channels.has(splitArguments(args).at(-1) ?? '') ? '+OK Success\n' : '-ERR Operation failed\n',
};

export const uuidAnswer: Api = {
  name: 'uuid_answer',
  run: (core, args) => (core.channels.has(args.trim()) ? OK : NO_CHANNEL),
};

export const uuidTransfer: Api = {
  name: 'uuid_transfer',
  run(core, args) {
    const words = splitArguments(args);
    const [uuid] = words;
    const flag = words[1] === '-both' || words[1] === '-bleg' ? words[1] : undefined;
    const [destination, dialplan] = words.slice(flag === undefined ? 1 : 2);
    if (uuid === undefined || destination === undefined) {
      return '-USAGE: <uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]\n';
    }
    const channel = core.channels.get(uuid);
    if (channel === undefined) return NO_CHANNEL;
    const other = channel.bridgedTo;
    if (flag === '-bleg' && other === undefined) return '-ERR No such channel!\n';
    const wanted = flag === undefined ? [channel] : flag === '-bleg' ? [other] : [channel, other];
    for (const it of wanted) if (it !== undefined) transferChannel(it, destination, dialplan ?? 'XML');
    return OK;
  },
};

export const uuidBridge: Api = {
  name: 'uuid_bridge',
  run(core, args) {
    const [a, b] = splitArguments(args);
    if (a === undefined || b === undefined) return '-USAGE: <uuid> <other_uuid>\n';
    const one = core.channels.get(a);
    const other = core.channels.get(b);
    if (one === undefined || other === undefined || one === other) return '-ERR Invalid uuid\n';
    bridgeChannels(one, other);
    return `+OK ${b}\n`;
  },
};
