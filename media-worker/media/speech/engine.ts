import type { Fault } from '../../../crds/errors/fault.ts';
import type { Language } from './language.ts';
import type { VoiceWish } from './voices.ts';

/** What an engine is asked to speak; `voice` is one that its `choose` gave. */
export interface SpeechRequest {
  readonly text: string;
  /** In place of the text, for engines with `ssml`: SSML without `<speak>`. */
  readonly ssml?: string;
  readonly voice: string;
  /** BCP 47, canonical. */
  readonly language: string;
}

export type SpeechResult =
  /** `audio` is a wav or mp3 file of any rate. */
  | {
      readonly ok: true;
      readonly audio: Uint8Array;
      readonly engine: string;
      readonly voice: string;
      readonly warnings?: readonly Fault[];
    }
  | { readonly ok: false; readonly fault: Fault };

/** The voice that an engine would speak with. Another voice than the wished one, or another language, comes with a warning. */
export interface Choice {
  readonly voice: string;
  readonly warnings: readonly Fault[];
}

/** Something that speaks. Adding one is a file beside this one and a line in `engines.ts`. */
export interface SpeechEngine {
  /** What `engine` in a verb or an action calls it, lower case. */
  readonly name: string;
  /** Whatever else changes how it sounds (a model): a part of the cache's key. */
  readonly identity: string;
  /** It reads SSML. */
  readonly ssml?: true;
  /** Whether it can be used at all; asked before anything else, so it should remember. */
  available(): Promise<boolean>;
  speaks(language: Language): boolean;
  choose(wish: VoiceWish, language: Language): Choice;
  /** Rejects only with the reason of `signal`. */
  synthesize(request: SpeechRequest, signal: AbortSignal): Promise<SpeechResult>;
  close(): Promise<void>;
}
