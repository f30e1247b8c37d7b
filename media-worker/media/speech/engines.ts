import type { SpeechServiceOptions } from './openai.ts';

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
