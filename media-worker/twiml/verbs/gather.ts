import { suggest } from '../../../crds/callflow/suggest.ts';
import { twimlCodes } from '../../../crds/errors/twiml.ts';
import { type Collected, collectDigits } from '../../call/collect.ts';
import { type AttributesOf, type AttributeTable, readAttributes } from '../attributes.ts';
import type { Position } from '../markup.ts';
import { METHOD, nextExchange } from '../next.ts';
import type { TwimlContext } from '../outcome.ts';
import type { Report } from '../report.ts';
import { CONTINUE, skipText, type VerbDefinition, verbOf } from '../verb.ts';
import { childElements, type XmlElement } from '../xml.ts';
import { type PauseVerb, pause, wait } from './pause.ts';
import { type PlayVerb, play, playBack } from './play.ts';
import { type SayVerb, say, speak } from './say.ts';

const DEFAULT_TIMEOUT_S = 5;
/** "Unlimited", with an end: nobody types more, and memory is kept. */
const MAX_DIGITS = 1024;

const SPEECH = 'Speech recognition.';

export const GATHER_ATTRIBUTES = {
  action: {
    kind: 'url',
    default: undefined,
    description: 'Where to ask next, with the digits as `Digits`. Default: the current document.',
  },
  method: METHOD,
  timeout: {
    kind: 'integer',
    default: DEFAULT_TIMEOUT_S,
    min: 0,
    max: 3600,
    belowMin: 'default',
    unit: 's',
    description:
      'How long to wait for a digit; starts when the nested verbs have ended, and again at each digit. 0: no wait after the prompt for the first digit (further ones are waited for as by default).',
    differs: 'In Kazoo it is the time for all digits together, and 0 ends the call.',
  },
  finishOnKey: {
    kind: 'keys',
    default: '#',
    description:
      'Keys that end the input and are not part of it; several may be listed. Empty: no key does. The key is sent as `FinishedOnKey`.',
    differs: 'Twilio and Kazoo take one key.',
  },
  numDigits: {
    kind: 'integer',
    default: MAX_DIGITS,
    min: 1,
    max: MAX_DIGITS,
    belowMin: 'default',
    description: `Ends the input after so many digits. The default stands for any number.`,
  },
  actionOnEmptyResult: {
    kind: 'boolean',
    default: false,
    description: 'Ask `action` also when nothing was typed; `Digits` is then left out.',
    differs: 'Kazoo does not have it.',
  },
  bargeIn: {
    kind: 'boolean',
    default: true,
    description:
      'Whether the first digit stops the nested verbs. When false they are heard to their end, and digits typed meanwhile count.',
    differs: 'With Twilio it concerns speech only.',
  },
  input: {
    kind: 'word',
    values: ['dtmf'],
    default: 'dtmf',
    notYet: ['speech', 'dtmf speech', 'speech dtmf'],
    description: 'Only `dtmf`. Where `speech` is asked for, digits are taken nevertheless.',
  },
  speechTimeout: { kind: 'not yet', description: SPEECH },
  maxSpeechTime: { kind: 'not yet', description: SPEECH },
  language: { kind: 'not yet', description: SPEECH },
  hints: { kind: 'not yet', description: SPEECH },
  profanityFilter: { kind: 'not yet', description: SPEECH },
  speechModel: { kind: 'not yet', description: SPEECH },
  enhanced: { kind: 'not yet', description: SPEECH },
  debug: { kind: 'not yet', description: SPEECH },
  partialResultCallback: { kind: 'not yet', description: SPEECH },
  partialResultCallbackMethod: { kind: 'not yet', description: SPEECH },
} as const satisfies AttributeTable;

export type PromptVerb = SayVerb | PlayVerb | PauseVerb;

export interface GatherVerb extends Position, AttributesOf<typeof GATHER_ATTRIBUTES> {
  readonly verb: 'Gather';
  readonly prompt: readonly PromptVerb[];
}

function parse(element: XmlElement, report: Report): GatherVerb {
  const attributes = readAttributes(element, GATHER_ATTRIBUTES, report);
  skipText(element, report);
  const prompt = childElements(element).flatMap((child): PromptVerb[] => {
    const verb = parsePrompt(child, report);
    return verb === undefined ? [] : [verb];
  });
  return { ...verbOf('Gather', element), ...attributes, prompt };
}

function parsePrompt(child: XmlElement, report: Report): PromptVerb | undefined {
  switch (child.name) {
    case 'Say':
      return say.parse(child, report);
    case 'Play':
      return play.parse(child, report);
    case 'Pause':
      return pause.parse(child, report);
    default:
      report.warn(
        twimlCodes.nestedSkipped,
        () => {
          const meant = suggest(child.name, ['Say', 'Play', 'Pause']);
          const hint = meant === undefined ? '' : ` Did you mean <${meant}>?`;
          return `<Gather> holds <Say>, <Play> and <Pause> only; <${child.name}> was skipped.${hint}`;
        },
        child,
      );
      return undefined;
  }
}

async function runPrompt(prompt: readonly PromptVerb[], context: TwimlContext, signal?: AbortSignal): Promise<void> {
  // Digits stop a prompt by the signal, whatever its own terminators say (pivot-behaviour 5.8).
  const how = signal === undefined ? { stopOn: '' } : { stopOn: '', signal };
  for (const verb of prompt) {
    if (signal?.aborted === true) return;
    switch (verb.verb) {
      case 'Say':
        await speak(verb, context, how);
        break;
      case 'Play':
        await playBack(verb, context, how);
        break;
      case 'Pause':
        await wait(verb, context, signal);
        break;
    }
  }
}

/** Whether the prompt answers: a sound does by itself, while it is fetched or spoken. */
function startsWithSound({ prompt: [first] }: GatherVerb, { call }: TwimlContext): boolean {
  return first !== undefined && first.verb !== 'Pause' && call.digits.pending === '';
}

async function collect(verb: GatherVerb, context: TwimlContext): Promise<Collected> {
  if (!verb.bargeIn) await runPrompt(verb.prompt, context);
  return collectDigits(context.call, {
    maxDigits: verb.numDigits,
    firstDigitMs: verb.timeout * 1000,
    interDigitMs: (verb.timeout === 0 ? DEFAULT_TIMEOUT_S : verb.timeout) * 1000,
    terminators: verb.finishOnKey,
    ...(verb.bargeIn ? { prompt: (signal: AbortSignal) => runPrompt(verb.prompt, context, signal) } : {}),
  });
}

export const gather: VerbDefinition<GatherVerb> = {
  name: 'Gather',
  summary:
    'Collects keys, with a prompt or without, then asks `action` with the parameter `Digits`. Answers the call. Digits typed before it count. Without any digit the document goes on with the next verb.',
  content:
    'The prompt: `<Say>`, `<Play>` and `<Pause>`. The first digit stops it at once, whatever `terminators` say; it is not heard at all when digits were typed before.',
  example: '<Gather action="/account" numDigits="4" timeout="3"><Say>Your PIN, please.</Say></Gather>',
  attributes: GATHER_ATTRIBUTES,
  differences: [
    'In Kazoo the nested verbs go on behind the scenes when the finish key comes first, and `<Gather/>` alone fails.',
    'Kazoo forgets digits typed before a `<Gather>` with a prompt.',
  ],
  parse,
  async execute(verb, context) {
    if (!startsWithSound(verb, context)) await context.call.answer();
    const collected = await collect(verb, context);
    context.span.set({
      'pivot.twiml.gather.count': collected.digits.length,
      'pivot.twiml.gather.ended_by': collected.endedBy,
      ...(context.hideDigits ? {} : { 'pivot.twiml.gather.digits': collected.digits }),
    });
    if (collected.digits === '' && !verb.actionOnEmptyResult) return CONTINUE;
    return nextExchange(context, verb.action, verb.method, {
      ...(collected.digits === '' ? {} : { Digits: collected.digits }),
      ...(collected.terminator === undefined ? {} : { FinishedOnKey: collected.terminator }),
    });
  },
};
