import { type Fault, fault } from '../../crds/errors/fault.ts';
import { roomCodes } from '../../crds/errors/rooms.ts';
import { callUntil } from '../call/call-until.ts';
import { unlessAborted } from '../call/waiting.ts';
import type { Sound } from '../media/sound.ts';
import type { Method } from './next.ts';
import type { NextExchange, TwimlContext } from './outcome.ts';
import { runDocument } from './run.ts';
import { resolveUrl } from './urls.ts';
import { type SoundReference, soundOf } from './verbs/play.ts';
import type { Verb } from './verbs/registry.ts';

/** What is heard while something is waited for. */
export type WaitSource =
  | { readonly kind: 'silence' }
  | { readonly kind: 'sound'; readonly sound: SoundReference }
  | { readonly kind: 'document'; readonly url: string; readonly method: Method | undefined };

/** Two soft notes every few seconds: there is somebody, and it is not a fault. */
export const WAIT_TONES: WaitSource = {
  kind: 'sound',
  sound: { kind: 'stream', uri: 'tone_stream://v=-20;%(250,50,523);%(400,3300,659)' },
};

/** What `waitUrl` says: empty is silence, a media name, stream or file of sound is played, anything else is asked for TwiML. */
export function waitSource(
  url: string | undefined,
  method: Method | undefined,
  reference: (text: string) => SoundReference | undefined,
): WaitSource {
  if (url === undefined) return WAIT_TONES;
  if (url === '') return { kind: 'silence' };
  const sound = reference(url);
  if (sound !== undefined && sound.kind !== 'url') return { kind: 'sound', sound };
  if (/\.(?:wav|mp3)(?:[?#]|$)/i.test(url) && sound !== undefined) return { kind: 'sound', sound };
  return { kind: 'document', url, method };
}

/** Verbs that a document may hold which is heard while waiting. */
export type WaitVerbs = readonly Verb['verb'][];

/** A document without sound or pause would be asked for again and again. */
const LEAST_ROUND_MS = 1000;

/** Sounds until `until` aborts: `over`. A document may end it before: by `<Leave>`, or by `<Hangup>` with the call. */
export async function hearWhile(
  source: WaitSource,
  context: TwimlContext,
  allowed: WaitVerbs,
  parameters: () => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>,
  until: AbortSignal,
): Promise<'over' | 'left'> {
  const call = callUntil(context.call, until);
  const waiting: TwimlContext = { ...context, call };
  try {
    switch (source.kind) {
      case 'silence':
        return await unlessAborted(new Promise<never>(() => {}), call.signal);
      case 'sound':
        return await repeat(soundOf(source.sound, context), waiting);
      case 'document': {
        const url = resolveUrl(context.documentUrl, source.url);
        const first = { url, method: source.method ?? 'POST' } as const;
        const left = await follow(first, waiting, allowed, parameters);
        if (left === 'left') return left;
        context.span.warn(left);
        return await hearWhile(WAIT_TONES, context, allowed, parameters, until);
      }
    }
  } catch (error) {
    context.call.signal.throwIfAborted();
    if (until.aborted) return 'over';
    throw error;
  }
}

async function repeat(sound: Sound, { call, span }: TwimlContext): Promise<never> {
  for (;;) {
    const outcome = await call.play(sound, { stopOn: '', span });
    // It will not sound better the next time.
    if (outcome.kind === 'failed') return unlessAborted(new Promise<never>(() => {}), call.signal);
  }
}

async function follow(
  first: Omit<NextExchange, 'parameters'>,
  context: TwimlContext,
  allowed: WaitVerbs,
  parameters: () => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>,
): Promise<'left' | Fault> {
  let next: NextExchange = { ...first, parameters: {} };
  for (;;) {
    const since = Date.now();
    const asked = { ...next, parameters: { ...(await parameters()), ...next.parameters } };
    const answer = await unlessAborted(context.ask(asked), context.call.signal);
    if (!answer.ok) return fault(roomCodes.waitDocument, `${answer.fault.code} ${answer.fault.message}`);
    const verbs = answer.document.verbs.filter(({ verb }) => allowed.includes(verb));
    for (const verb of answer.document.verbs) {
      if (allowed.includes(verb.verb)) continue;
      const message = `<${verb.verb}> means nothing while the caller waits and was skipped`;
      context.span.warn(fault(roomCodes.waitDocument, message));
    }
    const outcome = await runDocument(
      { verbs },
      { ...context, documentUrl: answer.documentUrl, queued: allowed.includes('Leave') },
    );
    if (outcome.kind === 'leave') return 'left';
    if (outcome.kind === 'stop') return outcome.fault ?? fault(roomCodes.waitDocument, 'the document ended the call');
    next = outcome.kind === 'exchange' ? outcome.next : { ...first, parameters: {} };
    const spent = Date.now() - since;
    if (spent < LEAST_ROUND_MS) await context.call.sleep(LEAST_ROUND_MS - spent);
  }
}
