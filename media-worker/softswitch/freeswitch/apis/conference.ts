/** `conference NAME COMMAND …`: what drachtio-fsmrf's Conference and Endpoint send, in FreeSWITCH's words (37). */

import { numberOf, splitArguments } from '../arguments.ts';
import type { Conference } from '../conference/conference.ts';
import { describe, jsonList, listMembers, xmlList } from '../conference/list.ts';
import type { Member } from '../conference/member.ts';
import type { Core } from '../core.ts';
import type { Api } from './types.ts';

type Command = (conference: Conference, args: readonly string[], core: Core) => string | Promise<string>;

/** `all`, `last`, `non_moderator` or a member's number. */
function chosen(conference: Conference, who: string | undefined): Member[] | undefined {
  const newestFirst = [...conference.members.values()].toReversed();
  if (who === 'all') return newestFirst;
  if (who === 'last') return newestFirst.slice(0, 1);
  if (who === 'non_moderator') return newestFirst.filter((member) => !member.flags.moderator);
  const member = conference.members.get(numberOf(who, -1, -1));
  return member === undefined ? undefined : [member];
}

/** A command on one or several members. `change` does it; the reply names each. */
function onMembers(word: string, change: (member: Member, args: readonly string[]) => void): Command {
  return (conference, args) => {
    const members = chosen(conference, args[0]);
    if (members === undefined) return `-ERR Non-Existant ID ${args[0] ?? ''}\n`;
    let reply = '';
    for (const member of members) {
      change(member, args.slice(1));
      reply += `+OK ${word} ${member.id}\n`;
    }
    return reply;
  };
}

function setFlag(flag: 'mute' | 'deaf', on: boolean, action: string): (member: Member) => void {
  return (member) => {
    member.flags[flag] = on;
    member.conference.fireMember(member, action);
  };
}

const mute = setFlag('mute', true, 'mute-member');
const unmute = setFlag('mute', false, 'unmute-member');

function setVolume(direction: 'volumeIn' | 'volumeOut'): (member: Member, args: readonly string[]) => void {
  return (member, [level]) => {
    member[direction] = numberOf(level, 0, -4, 4);
  };
}

function lock(on: boolean): Command {
  return (conference) => {
    conference.locked = on;
    conference.fire(on ? 'lock' : 'unlock');
    return `+OK ${conference.name} ${on ? 'locked' : 'unlocked'}\n`;
  };
}

async function play(conference: Conference, args: readonly string[]): Promise<string> {
  const [file, ...rest] = args.filter((arg) => arg !== '');
  if (file === undefined) return '-USAGE: play <file_path> [async|<member_id> [nomux]]\n';
  const id = rest.find((word) => /^\d+$/.test(word));
  const member = id === undefined ? undefined : conference.members.get(Number(id));
  if (id !== undefined && member === undefined) return `-ERR (play) Member: ${id} not found.\n`;
  try {
    await conference.play(file, member);
  } catch {
    return `-ERR (play) File: ${file} not found.\n`;
  }
  return `+OK (play) Playing file ${file}${member === undefined ? '' : ` to member ${member.id}`}\n`;
}

function stop(conference: Conference, args: readonly string[]): string {
  const [which, id] = args;
  const kind = which === 'current' || which === 'last' ? which : 'all';
  const member = id === undefined ? undefined : conference.members.get(numberOf(id, -1));
  if (id !== undefined && member === undefined) return `-ERR (stop) Member: ${id} not found.\n`;
  const stopped = (member === undefined ? conference.files : member.files)?.stop(kind) ?? 0;
  return `+OK Stopped ${stopped} files.\n`;
}

async function startRecording(conference: Conference, path: string | undefined): Promise<string> {
  if (path === undefined || path === '') return '-USAGE: recording start <filename>\n';
  const failed = await conference.startRecording(path);
  if (failed !== undefined) {
    conference.fire('start-recording', [
      ['Path', path],
      ['Error', failed.message],
    ]);
  }
  // FreeSWITCH opens the file after it has answered; a failure is told by the event's Error.
  return `+OK Record file ${path}\n`;
}

async function stopRecording(conference: Conference, path: string | undefined): Promise<string> {
  const paths = path === undefined || path === 'all' ? [...conference.recordings.keys()] : [path];
  let reply = '';
  let count = 0;
  for (const it of paths) {
    if (!(await conference.stopRecording(it))) continue;
    count += 1;
    reply += `Stopped recording file ${it}\n`;
  }
  // The count leaves out a file that was named (37).
  return `${reply}+OK Stopped recording ${path === undefined || path === 'all' ? count : 0} files\n`;
}

function pauseRecording(conference: Conference, path: string | undefined, paused: boolean): string {
  const recording = conference.recordings.get(path ?? '');
  if (recording === undefined) return `-ERR Recording ${path ?? ''} not found\n`;
  recording.paused = paused;
  return `+OK ${paused ? 'Pause' : 'Resume'} recording file ${path}\n`;
}

const recording: Command = (conference, args) => {
  const [action, path] = args;
  switch (action) {
    case 'start':
      return startRecording(conference, path);
    case 'stop':
      return stopRecording(conference, path);
    case 'pause':
    case 'resume':
      return pauseRecording(conference, path, action === 'pause');
    case 'check': {
      const paths = [...conference.recordings.keys()];
      return paths.length === 0
        ? `+OK Conference ${conference.name} is not being recorded.\n`
        : paths.map((it) => `+OK Record file ${it}\n`).join('');
    }
    default:
      return '-USAGE: recording [start|stop|check|pause|resume] [<filename>|all]\n';
  }
};

function get(conference: Conference, name: string | undefined): string {
  switch (name) {
    case 'count':
      return String(conference.members.size);
    case 'count_ghosts':
      return String([...conference.members.values()].filter((member) => member.flags.ghost).length);
    case 'max_members':
      return String(conference.maxMembers);
    case 'rate':
      return '8000';
    case 'run_time':
      return String(Math.floor((Date.now() - conference.startedAt) / 1000));
    case 'profile_name':
      return conference.profile;
    case 'uuid':
      return conference.uuid;
    case 'is_locked':
      return conference.locked ? 'locked' : '';
    default:
      return '-ERR Bad Parameter\n';
  }
}

const set: Command = (conference, [name, value]) => {
  if (name !== 'max_members') return '-ERR Bad Parameter\n';
  const before = conference.maxMembers;
  conference.maxMembers = numberOf(value, 0, 0, 10_000);
  return String(before);
};

const list: Command = (conference, [how]) =>
  how === 'count' ? String(conference.members.size) : listMembers(conference);

const transfer: Command = (conference, [to, ...ids]) => {
  if (to === undefined || ids.length === 0) return '-USAGE: transfer <conference_name> <member id> [...<member id>]\n';
  let reply = '';
  for (const id of ids) {
    const member = conference.members.get(numberOf(id, -1));
    if (member === undefined) {
      reply += `-ERR No Member ${id} in conference ${conference.name}.\n`;
      continue;
    }
    member.leave({ kind: 'transfer', to });
    reply += `+OK Member '${member.id}' sent to conference ${to}.\n`;
  }
  return reply;
};

const COMMANDS: Readonly<Record<string, Command>> = {
  list,
  json_list: (conference) => jsonList([conference]),
  xml_list: (conference) => xmlList([conference]),
  count: (conference) => String(conference.members.size),
  mute: onMembers('mute', mute),
  unmute: onMembers('unmute', unmute),
  tmute: onMembers('tmute', (member) => (member.flags.mute ? unmute(member) : mute(member))),
  // No pictures: accepted, as FreeSWITCH does for members without video.
  vmute: onMembers('vmute', () => {}),
  unvmute: onMembers('unvmute', () => {}),
  'vmute-snap': onMembers('vmute-snap', () => {}),
  deaf: onMembers('deaf', setFlag('deaf', true, 'deaf-member')),
  undeaf: onMembers('undeaf', setFlag('deaf', false, 'undeaf-member')),
  kick: onMembers('kicked', (member) => {
    member.conference.fireMember(member, 'kick-member');
    member.leave({ kind: 'kick' });
  }),
  hup: onMembers('hup', (member) => {
    member.conference.fireMember(member, 'hup-member');
    member.leave({ kind: 'hup' });
  }),
  energy: onMembers('energy', (member, [level]) => {
    member.talk.level = numberOf(level, member.talk.level, 0, 20_000);
  }),
  volume_in: onMembers('volume_in', setVolume('volumeIn')),
  volume_out: onMembers('volume_out', setVolume('volumeOut')),
  dtmf: onMembers('dtmf', (member, [digits]) => {
    member.channel.rtp.sendDigits((digits ?? '').replace(/[^0-9*#A-D]/gi, '')).catch(() => {});
  }),
  lock: lock(true),
  unlock: lock(false),
  play,
  stop,
  recording,
  record: (conference, [path]) => startRecording(conference, path),
  norecord: (conference, [path]) => stopRecording(conference, path),
  chkrecord: (conference, args) => recording(conference, ['check', ...args], conference.core),
  get: (conference, [name]) => get(conference, name),
  set,
  transfer,
  // Without a speech engine nothing is said; the answer is FreeSWITCH's.
  say: () => '+OK (say) OK\n',
  saymember: () => '+OK (saymember) OK\n',
  agc: () => '+OK AGC disabled\n',
  relate: (_, [, , what]) => `+OK ${what ?? 'clear'} relationship\n`,
};

export const conference: Api = {
  name: 'conference',
  run(core, args) {
    const [first, command, ...rest] = splitArguments(args).filter((word) => word !== '');
    if (first === undefined)
      return '-USAGE: <conf name> list|count|mute|unmute|deaf|undeaf|kick|hup|play|stop|recording|lock\n';
    const all = [...core.conferences.values()];
    if (command === undefined || first === 'list') {
      if (first === 'list') return all.length === 0 ? '+OK No active conferences.\n' : all.map(describe).join('');
      if (first === 'xml_list') return xmlList(all);
      if (first === 'json_list') return jsonList(all);
      if (first === 'count') return String(all.length);
    }
    const found = core.conferences.get(first);
    if (found === undefined) return `-ERR Conference ${first} not found\n`;
    const run = command === undefined ? undefined : COMMANDS[command.toLowerCase()];
    if (run === undefined) return `-ERR Conference command '${command ?? ''}' not found.\n`;
    return run(found, rest, core);
  },
};
