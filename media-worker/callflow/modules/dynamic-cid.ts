import type { JsonObject } from '../../../crds/callflow/node.ts';
import { engineCodes } from '../../../crds/errors/engine.ts';
import { type Fault, fault } from '../../../crds/errors/fault.ts';
import { collectDigits } from '../../call/collect.ts';
import type { Sound } from '../../media/sound.ts';
import { compilePattern } from '../../routing/patterns.ts';
import { integer, object, text } from '../data.ts';
import { type CallflowModule, CONTINUE, type ModuleContext } from '../module.ts';
import { soundOf } from './play.ts';

const DEFAULT_DIGITS = 10;
const FIRST_DIGIT_MS = 5000;
const INTER_DIGIT_MS = 2000;
const ACCEPTED: Sound = { kind: 'stream', uri: 'tone_stream://%(100,0,440)' };

/** What Kazoo's prompts say, in words. */
const SAYS = {
  ask: 'Please enter the number to show.',
  refused: 'That number is not valid. Your own number is shown.',
} as const;

/**
 * Chooses the caller id of later legs: given here (`static`), or keyed in by the caller (`manual`). `list` and `lists` need documents that are
 * not there: a warning, and the caller id stays.
 */
export const dynamicCid: CallflowModule = {
  name: 'dynamic_cid',
  describe: (data) => ({ 'pivot.dynamic_cid.action': text(data, 'action') ?? 'manual' }),
  async run(context, data) {
    const action = text(data, 'action') ?? 'manual';
    switch (action) {
      case 'static': {
        const { number, name } = object(data, 'caller_id') ?? {};
        choose(context, typeof number === 'string' ? number : undefined, typeof name === 'string' ? name : undefined);
        break;
      }
      case 'list':
      case 'lists':
        context.span.warn(listsNotRun(action));
        break;
      default:
        await keyedIn(context, data);
    }
    return CONTINUE;
  },
};

function listsNotRun(action: string): Fault {
  return fault(engineCodes.badActionData, `dynamic_cid with "${action}" is not run by this version`);
}

function choose({ call }: ModuleContext, number: string | undefined, name: string | undefined): void {
  const chosen = {
    ...(number === undefined || number === '' ? {} : { number }),
    ...(name === undefined || name === '' ? {} : { name }),
  };
  call.memory.callerId = { ...call.memory.callerId, chosen };
}

async function keyedIn(context: ModuleContext, data: JsonObject): Promise<void> {
  const { call, span } = context;
  const media = text(data, 'media_id');
  const prompt: Sound = media === undefined ? speech(context, SAYS.ask) : soundOf(media);
  const { digits } = await collectDigits(call, {
    maxDigits: integer(data, 'max_digits') ?? DEFAULT_DIGITS,
    firstDigitMs: FIRST_DIGIT_MS,
    interDigitMs: INTER_DIGIT_MS,
    terminators: '#',
    prompt: async (signal) => {
      await call.play(prompt, { stopOn: '', signal, span });
    },
  });
  const enough = digits.length >= (integer(data, 'min_digits') ?? DEFAULT_DIGITS);
  const allowed = enough && compilePattern(text(data, 'whitelist_regex') ?? '^\\d+$').match(digits) !== undefined;
  if (allowed) choose(context, digits, undefined);
  await call.play(allowed ? ACCEPTED : speech(context, SAYS.refused), { stopOn: '', span });
}

function speech({ call }: ModuleContext, words: string): Sound {
  return { kind: 'speech', text: words, language: call.memory.language };
}
