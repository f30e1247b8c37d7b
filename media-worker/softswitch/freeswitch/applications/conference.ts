import { Conference } from '../conference/conference.ts';
import type { MemberFlags } from '../conference/member.ts';
import type { Application } from '../execution.ts';

interface Wanted {
  readonly name: string;
  readonly profile: string;
  readonly pin: string;
  readonly flags: ReadonlySet<string>;
}

/** `NAME[@PROFILE][+PIN[+flags{A|B}]]`; drachtio-fsmrf writes `room++flags{mute}` without a PIN. */
function parseArguments(args: string): Wanted | undefined {
  const match = /^([^@+]+)(?:@([^+]*))?(?:\+(?!flags\{)([^+]*))?(?:\+flags\{([^}]*)\})?$/.exec(args.trim());
  const name = match?.[1]?.trim();
  if (name === undefined || name === '') return undefined;
  return {
    name,
    profile: match?.[2] ?? 'default',
    pin: match?.[3] ?? '',
    flags: new Set((match?.[4] ?? '').split(/[|,]/).map((flag) => flag.trim().toLowerCase())),
  };
}

function memberFlags(flags: ReadonlySet<string>): MemberFlags {
  return {
    mute: flags.has('mute'),
    deaf: flags.has('deaf'),
    moderator: flags.has('moderator'),
    endconf: flags.has('endconf'),
    ghost: flags.has('ghost'),
  };
}

/** Stays in a conference until kicked, moved or over; completes when the member has left. A locked or full one is not entered. */
export const conference: Application = {
  name: 'conference',
  async run(context) {
    const { channel, signal } = context;
    const { core } = channel;
    const wanted = parseArguments(context.args);
    if (wanted === undefined) return context.turn();
    let { name } = wanted;
    for (;;) {
      let room = core.conferences.get(name);
      if (room === undefined) {
        if (wanted.flags.has('join-only')) return;
        room = new Conference(core, name, wanted.profile, wanted.pin);
      } else if (room.locked || (room.maxMembers > 0 && room.members.size >= room.maxMembers)) return;
      else if (room.pin !== '' && room.pin !== wanted.pin) return;
      const left = await room.stay(context, memberFlags(wanted.flags));
      if (left.kind === 'hup') {
        context.afterwards(() => channel.hangup('NORMAL_CLEARING', { side: 'abrupt' }));
      }
      if (left.kind !== 'transfer' || signal.aborted) return;
      name = left.to;
    }
  },
};
