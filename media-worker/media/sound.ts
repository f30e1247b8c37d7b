/** What a verb or an action asks to hear. */
export type Sound =
  /** An absolute http or https URL of a wav or mp3 file. */
  | { readonly kind: 'url'; readonly url: string }
  /** Text to speak. `language` is BCP 47, any case; `voice` an engine's own name or man, woman, male, female, alice. */
  | {
      readonly kind: 'speech';
      readonly text: string;
      /** The same as SSML, without `<speak>`, for engines that read it; whoever makes it answers for every element in it. */
      readonly ssml?: string;
      readonly voice?: string;
      readonly language?: string;
      readonly engine?: string;
    }
  /** `tone_stream://…`, `silence_stream://…`: played by FreeSWITCH itself. */
  | { readonly kind: 'stream'; readonly uri: string }
  /** A media resource of the account, by name. */
  | { readonly kind: 'media'; readonly id: string };

/**
 * A URL as it may be shown: without user and password, and without the query, where signatures and tokens stand (`?…` says that
 * there is one). Of what is not a URL, only its beginning.
 */
export function shownUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null) return `${text.slice(0, 40).replace(/[^/\\\s]*@.*/, '…')} (not a URL)`;
  return `${url.protocol}//${url.host}${url.pathname}${url.search === '' ? '' : '?…'}`;
}

/** Short text for a trace or a time line: what was asked for. Holds no credentials. */
export function describeSound(sound: Sound): string {
  switch (sound.kind) {
    case 'url':
      return shownUrl(sound.url);
    case 'speech':
      return sound.text;
    case 'stream':
      return sound.uri;
    case 'media':
      return sound.id;
  }
}

/** A sound made ready: what FreeSWITCH is told to play. */
export interface PreparedSound {
  /** A path that FreeSWITCH can open (or an `http://` URL of `--media-url`), or a stream URI. */
  readonly reference: string;
  /** Whether it came from the cache. */
  readonly cached: boolean;
  /** Engine and voice that spoke it, for the trace. */
  readonly engine?: string;
  readonly voice?: string;
  /** Length in milliseconds, where known. */
  readonly durationMs?: number;
  /** Bytes of the file; absent for streams. */
  readonly bytes?: number;
}
