import { type Fault, fault } from '../../../crds/errors/fault.ts';
import { mediaCodes } from '../../../crds/errors/media.ts';
import type { Outgoing } from '../../outgoing/types.ts';
import { fileKind } from '../format.ts';
import { writePcm } from '../wav.ts';
import type { SpeechEngine } from './engine.ts';

export interface SpeechServiceOptions {
  /** What `engine` in a verb or an action calls it. */
  readonly name: string;
  /** `https://api.openai.com`, with or without `/v1`. */
  readonly url: string;
  readonly model: string;
  /** Sent as a bearer token. */
  readonly apiKey?: string;
  /** The service's voices by kind; `other` lists further ones that may be asked for by name (default: any name is passed on). */
  readonly voices: { readonly male: string; readonly female: string; readonly other?: readonly string[] };
  /** Primary languages that it speaks. Default: every language. */
  readonly languages?: readonly string[];
  /** Audio to ask for. Default `wav`; `pcm` is 16-bit mono of `pcmRate` Hz (24000). */
  readonly format?: 'wav' | 'pcm';
  readonly pcmRate?: number;
}

/** Bytes of an answer: 4000 bytes of text last about six minutes, at 24 kHz 17 MB. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * A service with OpenAI's speech API (https://platform.openai.com/docs/api-reference/audio/createSpeech), which many local speech
 * servers also offer.
 */
export function createSpeechService(
  options: SpeechServiceOptions,
  outgoing: Pick<Outgoing, 'request'>,
  { timeoutMs }: { readonly timeoutMs: number },
): SpeechEngine {
  const { model, voices, languages, format = 'wav', pcmRate = 24_000 } = options;
  const name = options.name.toLowerCase();
  const url = `${options.url.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1/audio/speech`;
  const failed = (problem: string) => ({
    ok: false as const,
    fault: fault(mediaCodes.speechFailed, `the speech service ${name} ${problem}`),
  });
  return {
    name,
    identity: JSON.stringify([options.url, model]),
    available: () => Promise.resolve(true),
    speaks: (language) => languages === undefined || languages.includes(language.primary),
    choose(wish, language) {
      const warnings: Fault[] = [];
      if (languages !== undefined && !languages.includes(language.primary)) {
        warnings.push(
          fault(mediaCodes.languageUnavailable, `the speech service ${name} is not configured for ${language.tag}`),
        );
      }
      const byGender = voices[wish.gender ?? 'male'];
      if (wish.name === undefined) return { voice: byGender, warnings };
      const known = [voices.male, voices.female, ...(voices.other ?? [])];
      const voice = known.find((each) => each.toLowerCase() === wish.name);
      if (voice !== undefined) return { voice, warnings };
      if (voices.other === undefined) return { voice: wish.asked?.trim() ?? wish.name, warnings };
      warnings.push(
        fault(
          mediaCodes.unknownVoice,
          `the speech service ${name} has no voice "${wish.asked}"; ${byGender} speaks (its voices: ${[...new Set(known)].join(', ')})`,
        ),
      );
      return { voice: byGender, warnings };
    },
    async synthesize({ text, voice }, signal) {
      const result = await outgoing.request({
        method: 'POST',
        url,
        headers: { 'content-type': 'application/json', accept: 'audio/*' },
        ...(options.apiKey === undefined ? {} : { originHeaders: { authorization: `Bearer ${options.apiKey}` } }),
        body: JSON.stringify({ model, voice, input: text, response_format: format }),
        timeoutMs,
        maxBytes: MAX_BYTES,
        signal,
      });
      if (!result.ok) return failed(`could not be asked: ${result.fault.code} ${result.fault.message}`);
      const { status, body, headers } = result.response;
      // Bodies of errors are not repeated: they may quote the key.
      if (status !== 200) return failed(`answered ${status}`);
      if (fileKind(body).kind !== 'other') return { ok: true, audio: body, engine: name, voice };
      const type = String(headers['content-type'] ?? '');
      if (format === 'pcm' && !/json|text|html|xml/.test(type) && body.length >= 2) {
        return { ok: true, audio: writePcm(body.subarray(0, body.length & ~1), pcmRate), engine: name, voice };
      }
      return failed(`answered with ${type === '' ? 'something' : type} that is no sound`);
    },
    close: () => Promise.resolve(),
  };
}
