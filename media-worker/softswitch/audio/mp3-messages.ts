/** Between an `Mp3Decoder` and its thread. `id` numbers the files being decoded. */
export type ToDecoder =
  | { readonly kind: 'open'; readonly id: number; readonly path: string; readonly skipSamples: number }
  /** Decode some more and answer with `sound` or `failed`. */
  | { readonly kind: 'more'; readonly id: number }
  | { readonly kind: 'close'; readonly id: number };

export type FromDecoder =
  /** Sound at 8000 Hz, mono. `last`: the file is at its end. */
  | { readonly kind: 'sound'; readonly id: number; readonly samples: Int16Array; readonly last: boolean }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };
