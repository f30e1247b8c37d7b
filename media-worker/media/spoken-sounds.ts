import { fault } from '../../crds/errors/fault.ts';
import { mediaCodes } from '../../crds/errors/media.ts';
import type { Made, SoundMaking } from './fetched-sounds.ts';
import { hashKey } from './hash-key.ts';
import type { SpeechEngines, SpeechPlan, SpeechWish } from './speech/engines.ts';
import { hasWords, prepareText } from './speech/text.ts';

/** Part of the key: to be counted up when the same text comes to sound otherwise. */
const VERSION = '1';

/** Speaks a text, unless it has been spoken before. */
export async function speakSound(
  making: SoundMaking,
  engines: SpeechEngines,
  wish: SpeechWish & { readonly text: string; readonly ssml?: string },
  signal: AbortSignal,
): Promise<Made> {
  const { text, warnings } = prepareText(wish.text, making.limits.textBytes);
  if (!hasWords(text)) return { ok: false, fault: fault(mediaCodes.nothingToSay, 'there are no words in the text') };
  const plan = await engines.plan(wish);
  signal.throwIfAborted();
  const { engine, voice, language } = plan;
  // A text that was cut ends in the middle of an element.
  const ssml = engine.ssml === true && warnings.length === 0 ? wish.ssml : undefined;
  const said = ssml === undefined ? { text } : { text, ssml };
  const key = hashKey('speech', VERSION, engine.name, engine.identity, voice, language, text, ...(ssml ? [ssml] : []));
  const made = await making.shared.join(key, signal, (shared) => speakOrUse(making, plan, key, said, shared));
  return made.ok ? { ...made, warnings: [...warnings, ...plan.warnings, ...made.warnings] } : made;
}

async function speakOrUse(
  { cache, threads, limits }: SoundMaking,
  { engine, voice, language }: SpeechPlan,
  key: string,
  said: { readonly text: string; readonly ssml?: string },
  signal: AbortSignal,
): Promise<Made> {
  const copy = await cache.get(key);
  if (copy !== undefined) return { ok: true, sound: copy, cached: true, warnings: copy.warnings };
  const spoken = await engine.synthesize({ ...said, voice, language }, signal);
  if (!spoken.ok) return spoken;
  const converted = await threads.run(
    { kind: 'convert', bytes: spoken.audio, speech: true, maxMs: limits.soundMs },
    { signal, timeoutMs: limits.convertMs, onTimeout: mediaCodes.notConverted },
  );
  if (!converted.ok) {
    const message = `${engine.name} gave no usable sound: ${converted.fault.message}`;
    return { ok: false, fault: fault(mediaCodes.speechFailed, message) };
  }
  const sound = await cache.put(key, converted.wav, {
    durationMs: converted.durationMs,
    engine: spoken.engine,
    voice: spoken.voice,
    warnings: spoken.warnings ?? [],
  });
  return { ok: true, sound, cached: false, warnings: sound.warnings };
}
