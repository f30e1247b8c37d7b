import { type Fault, fault } from '../../../crds/errors/fault.ts';
import { mediaCodes } from '../../../crds/errors/media.ts';
import type { Outgoing } from '../../outgoing/types.ts';
import type { Threads } from '../threads.ts';
import type { SpeechEngine } from './engine.ts';
import { createEspeak } from './espeak.ts';
import { createFlite } from './flite.ts';
import { type Language, parseLanguage } from './language.ts';
import { createSpeechService, type SpeechServiceOptions } from './openai.ts';
import { parseVoice, type VoiceWish } from './voices.ts';

export interface SpeechOptions {
  /** Name of the engine to use where a request names none, if it speaks the language. */
  readonly engine?: string;
  /** Language where a request names none. Default `en-US`. */
  readonly language?: string;
  /** Voice where a request names none. Default `male`, as Kazoo's. */
  readonly voice?: string;
  /** Path of the espeak-ng program, or false not to use it. Default `espeak-ng`, looked up in PATH. */
  readonly espeak?: string | false;
  /** HTTP services with the OpenAI speech API. */
  readonly services?: readonly SpeechServiceOptions[];
}

/** How a text will be spoken. */
export interface SpeechPlan {
  readonly engine: SpeechEngine;
  readonly voice: string;
  /** BCP 47. */
  readonly language: string;
  readonly warnings: readonly Fault[];
}

export interface SpeechWish {
  readonly engine?: string;
  readonly voice?: string;
  readonly language?: string;
}

export interface SpeechEngines {
  plan(wish: SpeechWish): Promise<SpeechPlan>;
  close(): Promise<void>;
}

/** Names under which an engine is known elsewhere. */
const ALIASES: Readonly<Record<string, string>> = { espeak: 'espeak-ng', espeakng: 'espeak-ng' };
const ENGLISH: Language = { tag: 'en-US', primary: 'en', region: 'US' };

export function createSpeechEngines(
  options: SpeechOptions,
  parts: { readonly threads: Threads; readonly outgoing: Pick<Outgoing, 'request'>; readonly timeoutMs: number },
): SpeechEngines {
  const { timeoutMs } = parts;
  const flite = createFlite(parts.threads, { timeoutMs });
  const espeak =
    options.espeak === false ? undefined : createEspeak({ program: options.espeak ?? 'espeak-ng', timeoutMs });
  const services = (options.services ?? []).map((service) =>
    createSpeechService(service, parts.outgoing, { timeoutMs }),
  );
  const all = [flite, ...(espeak === undefined ? [] : [espeak]), ...services];
  const home = parseLanguage(options.language ?? '') ?? ENGLISH;

  const find = async (name: string): Promise<SpeechEngine | undefined> => {
    const lower = name.trim().toLowerCase();
    const engine = all.find((each) => each.name === (ALIASES[lower] ?? lower));
    return engine !== undefined && (await engine.available()) ? engine : undefined;
  };
  const forLanguage = async (language: Language): Promise<SpeechEngine> => {
    const preferred = options.engine === undefined ? undefined : await find(options.engine);
    // English by flite, which sounds better; the rest by whatever speaks it; what nobody speaks by flite, with its warning.
    const order = [preferred, flite, espeak, ...services].filter((engine) => engine !== undefined);
    for (const engine of order) {
      if ((await engine.available()) && engine.speaks(language)) return engine;
    }
    return flite;
  };

  return {
    async plan(wish) {
      const warnings: Fault[] = [];
      const voice: VoiceWish = parseVoice(wish.voice ?? options.voice);
      let language = voice.language ?? home;
      if (wish.language !== undefined && wish.language.trim() !== '') {
        const asked = parseLanguage(wish.language);
        if (asked === undefined) {
          warnings.push(
            fault(
              mediaCodes.badLanguage,
              `language "${wish.language.slice(0, 60)}" is no language tag; using ${language.tag}`,
            ),
          );
        }
        language = asked ?? language;
      }
      let engine: SpeechEngine | undefined;
      if (wish.engine !== undefined && wish.engine.trim() !== '' && wish.engine !== 'default') {
        engine = await find(wish.engine);
        if (engine === undefined) {
          const there = await Promise.all(all.map(async (each) => ((await each.available()) ? [each.name] : [])));
          const names = there.flat().join(', ');
          warnings.push(
            fault(
              mediaCodes.unknownEngine,
              `there is no speech engine "${wish.engine.slice(0, 60)}" (there are: ${names})`,
            ),
          );
        }
      }
      engine ??= await forLanguage(language);
      const choice = engine.choose(voice, language);
      return { engine, voice: choice.voice, language: language.tag, warnings: [...warnings, ...choice.warnings] };
    },
    async close() {
      await Promise.all(all.map((engine) => engine.close()));
    },
  };
}
