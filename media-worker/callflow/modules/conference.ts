import type { JsonObject } from '../../../crds/callflow/node.ts';
import { collectDigits } from '../../call/collect.ts';
import type { Sound } from '../../media/sound.ts';
import { flag, integer, object, text } from '../data.ts';
import type { CallflowModule, ModuleContext, Outcome } from '../module.ts';
import { soundOf } from './play.ts';

/** Kazoo asks three times, for at most 16 digits within 5 s. */
const TRIES = 3;
const MOST_DIGITS = 16;
const DIGIT_WAIT_MS = 5000;
const MOST_PARTICIPANTS = 250;
const WAIT: Sound = { kind: 'stream', uri: 'tone_stream://v=-20;%(250,50,523);%(400,3300,659)' };

/** What Kazoo's prompts say, in words: the files are Kazoo's own. */
const SAYS = {
  welcome: 'Welcome to the conference.',
  pin: 'Please enter your PIN, followed by the pound key.',
  badPin: 'That PIN is not right.',
  tooMany: 'Too many attempts. Goodbye.',
  full: 'This conference is full. Goodbye.',
} as const;

/**
 * Brings the caller into a conference room of the account. Terminal: no child ever runs, and the call ends with the stay, as in Kazoo. `config` is
 * an ad-hoc conference in the words of Kazoo's document; without it `id` alone names the room. Rooms are those of `<Conference>`.
 */
export const conference: CallflowModule = {
  name: 'conference',
  describe: (data) => ({ 'pivot.conference.name': roomOf(data) ?? '' }),
  async run(context, data): Promise<Outcome> {
    const { call, services, span } = context;
    const name = roomOf(data);
    if (name === undefined) return { kind: 'hardStop', cause: 'NORMAL_TEMPORARY_FAILURE' };
    const config = object(data, 'config') ?? {};
    await call.answer();
    await welcome(context, data);
    const role = await roleOf(context, data, config);
    if (role === undefined) {
      await say(context, SAYS.tooMany);
      return { kind: 'hardStop' };
    }
    const own = object(config, role) ?? {};
    const most = integer(config, 'max_participants') ?? 0;
    const waits = flag(config, 'wait_for_moderator') === true || flag(config, 'require_moderator') === true;
    const entry = data['play_entry_tone'] ?? config['play_entry_tone'];
    const exit = data['play_exit_tone'] ?? config['play_exit_tone'];
    const stayed = await services.rooms.join({
      call,
      account: call.facts().account,
      name,
      startOnEnter: role === 'moderator' || !waits,
      endOnExit: false,
      muted: flag(own, 'join_muted') ?? role === 'member',
      deaf: flag(own, 'join_deaf') ?? false,
      beep: { enter: entry !== false, exit: exit !== undefined && exit !== false },
      maxParticipants: most > 0 ? Math.min(most, MOST_PARTICIPANTS) : MOST_PARTICIPANTS,
      wait: async (signal) => {
        for (let heard = true; heard && !signal.aborted; ) {
          heard = (await call.play(WAIT, { stopOn: '', signal, span })).kind === 'finished';
        }
      },
      span,
      dialler: services.dialler,
    });
    if (stayed.fault !== undefined) {
      span.warn(stayed.fault);
      await say(context, SAYS.full);
    }
    return { kind: 'hardStop' };
  },
};

function roomOf(data: JsonObject): string | undefined {
  const config = object(data, 'config');
  return text(data, 'id') ?? (config === undefined ? undefined : (text(config, 'id') ?? text(config, 'name')));
}

async function welcome(context: ModuleContext, data: JsonObject): Promise<void> {
  const prompt = object(data, 'welcome_prompt') ?? {};
  if (flag(prompt, 'play') === false) return;
  const media = text(prompt, 'media_id');
  if (media === undefined) await say(context, SAYS.welcome);
  else await context.call.play(soundOf(media), { stopOn: '', span: context.span });
}

type Role = 'member' | 'moderator';

/** By PIN, where the conference has any; undefined when none was right. `moderator: true` of the action wins. */
async function roleOf(context: ModuleContext, data: JsonObject, config: JsonObject): Promise<Role | undefined> {
  const forced = flag(data, 'moderator') === true;
  const member = pinsOf(config, 'member');
  const moderator = pinsOf(config, 'moderator');
  if (member.length === 0 && moderator.length === 0) return forced ? 'moderator' : 'member';
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const { digits } = await collectDigits(context.call, {
      maxDigits: MOST_DIGITS,
      firstDigitMs: DIGIT_WAIT_MS,
      interDigitMs: DIGIT_WAIT_MS,
      terminators: '#',
      prompt: async (signal) => {
        await context.call.play(speech(context, attempt === 0 ? SAYS.pin : `${SAYS.badPin} ${SAYS.pin}`), {
          stopOn: '',
          signal,
          span: context.span,
        });
      },
    });
    if (moderator.includes(digits)) return 'moderator';
    // Nothing typed is right where the members have no PIN.
    if (member.includes(digits) || (digits === '' && member.length === 0)) return forced ? 'moderator' : 'member';
  }
  return undefined;
}

function pinsOf(config: JsonObject, role: Role): readonly string[] {
  const pins = object(config, role)?.['pins'];
  return Array.isArray(pins) ? pins.map(String) : [];
}

function speech({ call }: ModuleContext, words: string): Sound {
  return { kind: 'speech', text: words, language: call.memory.language };
}

async function say(context: ModuleContext, words: string): Promise<void> {
  await context.call.play(speech(context, words), { stopOn: '', span: context.span });
}
