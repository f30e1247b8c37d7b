/** How conferences and their members are listed: lines, JSON, XML (37). */

import type { Conference } from './conference.ts';
import type { Member } from './member.ts';

function newestFirst(conference: Conference): Member[] {
  return [...conference.members.values()].toReversed();
}

function seconds(since: number | undefined): number {
  return since === undefined ? 0 : Math.floor((Date.now() - since) / 1000);
}

function flagsOf(member: Member): string {
  const { flags } = member;
  const words = [
    flags.deaf ? '' : 'hear',
    flags.mute ? '' : 'speak',
    member.talk.talking ? 'talking' : '',
    member.conference.floor === member ? 'floor' : '',
    flags.moderator ? 'moderator' : '',
    flags.ghost ? 'ghost' : '',
  ];
  return words.filter((word) => word !== '').join('|');
}

export function listMembers(conference: Conference): string {
  return newestFirst(conference)
    .map((member) => {
      const { channel, volumeIn, volumeOut, talk } = member;
      return `${member.id};${channel.name};${channel.uuid};unknown;;${flagsOf(member)};${volumeIn};${volumeOut};${talk.level}\n`;
    })
    .join('');
}

export function describe(conference: Conference): string {
  const flags = `${conference.locked ? 'locked|' : ''}running|answered|enforce_min|dynamic|exit_sound|enter_sound|json_status`;
  const size = conference.members.size;
  return `+OK Conference ${conference.name} (${size} member${size === 1 ? '' : 's'} rate: 8000 flags: ${flags})\n${listMembers(conference)}`;
}

export function jsonList(conferences: readonly Conference[]): string {
  const all = conferences.map((conference) => ({
    conference_name: conference.name,
    member_count: conference.members.size,
    ghost_count: 0,
    rate: 8000,
    run_time: seconds(conference.startedAt),
    conference_uuid: conference.uuid,
    locked: conference.locked,
    running: true,
    answered: true,
    enforce_min: true,
    dynamic: true,
    exit_sound: true,
    enter_sound: true,
    recording: conference.recordings.size > 0,
    variables: {},
    members: newestFirst(conference).map((member) => ({
      type: 'caller',
      id: member.id,
      flags: memberFlags(member),
      uuid: member.channel.uuid,
      caller_id_name: 'unknown',
      caller_id_number: '',
      join_time: seconds(member.joinedAt),
      last_talking: seconds(member.lastTalkedAt),
      energy: member.talk.level,
      volume_in: member.volumeIn,
      volume_out: member.volumeOut,
      'output-volume': member.volumeOut,
      'input-volume': member.volumeIn,
    })),
  }));
  return JSON.stringify(all);
}

function memberFlags(member: Member): Record<string, boolean> {
  const { flags } = member;
  return {
    can_hear: !flags.deaf,
    can_see: true,
    can_speak: !flags.mute,
    hold: false,
    mute_detect: false,
    talking: member.talk.talking,
    has_video: false,
    video_bridge: false,
    has_floor: member.conference.floor === member,
    is_moderator: flags.moderator,
    end_conference: flags.endconf,
    mandatory_member_end_conference: false,
    pass_digits: false,
  };
}

export function xmlList(conferences: readonly Conference[]): string {
  const body = conferences.map(
    (conference) =>
      `  <conference name="${xml(conference.name)}" member-count="${conference.members.size}" ghost-count="0" rate="8000"` +
      ` uuid="${conference.uuid}" running="true" answered="true" enforce_min="true" dynamic="true"` +
      ` exit_sound="true" enter_sound="true" run_time="${seconds(conference.startedAt)}">\n` +
      `    <variables></variables>\n    <members>\n${newestFirst(conference).map(xmlMember).join('')}    </members>\n` +
      '  </conference>\n',
  );
  return `<?xml version="1.0"?>\n<conferences>\n${body.join('')}</conferences>\n`;
}

function xmlMember(member: Member): string {
  const { pass_digits: _, hold, ...others } = memberFlags(member);
  const flags = Object.entries({ ...others, hold, is_ghost: member.flags.ghost })
    .map(([name, value]) => `          <${name}>${value}</${name}>\n`)
    .join('');
  return (
    `      <member type="caller">\n        <id>${member.id}</id>\n        <flags>\n${flags}        </flags>\n` +
    `        <uuid>${member.channel.uuid}</uuid>\n        <caller_id_name>unknown</caller_id_name>\n` +
    '        <caller_id_number></caller_id_number>\n' +
    `        <join_time>${seconds(member.joinedAt)}</join_time>\n        <energy>${member.talk.level}</energy>\n` +
    `        <volume_in>${member.volumeIn}</volume_in>\n        <volume_out>${member.volumeOut}</volume_out>\n      </member>\n`
  );
}

function xml(text: string): string {
  return text.replace(/[<>&"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
