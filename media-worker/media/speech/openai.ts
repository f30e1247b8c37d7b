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
