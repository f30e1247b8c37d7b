import { type Language, parseLanguage } from './language.ts';

export type Gender = 'male' | 'female';

/** What a `voice` attribute asks for. */
export interface VoiceWish {
  /** As written; undefined when none was. */
  readonly asked?: string;
  /** An engine's own name, lower case; undefined when only a kind of voice is asked for. */
  readonly name?: string;
  readonly gender?: Gender;
  /** The language that goes with the voice, where no other is given. */
  readonly language?: Language;
}

/** Twilio's and Kazoo's names that stand for a kind of voice. */
const VOICE_KINDS: Readonly<Record<string, Gender>> = {
  man: 'male',
  male: 'male',
  woman: 'female',
  female: 'female',
  alice: 'female',
};

/**
 * Amazon Polly's voices by language, women before the bar. Twilio documents use them as `Polly.Joanna`, also with `-Neural`,
 * `-Generative`, `-Long-Form`. Source: https://docs.aws.amazon.com/polly/latest/dg/available-voices.html
 */
const POLLY: Readonly<Record<string, string>> = {
  'ar-AE': 'Hala | Zayd',
  arb: 'Zeina |',
  'ca-ES': 'Arlet |',
  'cmn-CN': 'Zhiyu |',
  'cs-CZ': 'Jitka |',
  'cy-GB': 'Gwyneth |',
  'da-DK': 'Naja Sofie | Mads',
  'de-AT': 'Hannah |',
  'de-CH': 'Sabrina |',
  'de-DE': 'Marlene Vicki | Hans Daniel',
  'en-AU': 'Nicole Olivia | Russell',
  'en-GB': 'Amy Emma | Brian Arthur',
  'en-GB-WLS': '| Geraint',
  'en-IE': 'Niamh |',
  'en-IN': 'Aditi Raveena Kajal |',
  'en-NZ': 'Aria |',
  'en-SG': 'Jasmine |',
  'en-US': 'Ivy Joanna Kendra Kimberly Salli Danielle Ruth Tiffany | Joey Justin Kevin Matthew Gregory Stephen Patrick',
  'en-ZA': 'Ayanda |',
  'es-ES': 'Conchita Lucia Alba | Enrique Sergio Raul',
  'es-MX': 'Mia | Andres',
  'es-US': 'Lupe Penelope | Miguel Pedro',
  'fi-FI': 'Suvi |',
  'fr-BE': 'Isabelle |',
  'fr-CA': 'Chantal Gabrielle | Liam',
  'fr-FR': 'Celine Lea Ambre | Mathieu Remi Florian',
  'hi-IN': 'Kajal |',
  'is-IS': 'Dora | Karl',
  'it-IT': 'Bianca Carla Beatrice | Giorgio Adriano Lorenzo',
  'ja-JP': 'Mizuki Kazuha Tomoko | Takumi',
  'ko-KR': 'Seoyeon Jihye |',
  'nb-NO': 'Liv Ida |',
  'nl-BE': 'Lisa |',
  'nl-NL': 'Lotte Laura | Ruben',
  'pl-PL': 'Ewa Maja Ola | Jacek Jan',
  'pt-BR': 'Camila Vitoria | Ricardo Thiago',
  'pt-PT': 'Ines | Cristiano',
  'ro-RO': 'Carmen |',
  'ru-RU': 'Tatyana | Maxim',
  'sv-SE': 'Astrid Elin |',
  'tr-TR': 'Filiz Burcu |',
  'yue-CN': 'Hiujin |',
};

const POLLY_VOICES: ReadonlyMap<string, { readonly gender: Gender; readonly language: Language | undefined }> = new Map(
  Object.entries(POLLY).flatMap(([tag, names]) => {
    const language = parseLanguage(tag);
    return names.split('|').flatMap((group, index) =>
      group
        .split(' ')
        .filter((name) => name !== '')
        .map((name) => [name.toLowerCase(), { gender: index === 0 ? 'female' : 'male', language }] as const),
    );
  }),
);

/** Reads a `voice` attribute. */
export function parseVoice(asked: string | undefined): VoiceWish {
  const text = asked?.trim() ?? '';
  if (text === '' || asked === undefined) return {};
  const lower = text.toLowerCase();
  const kind = Object.hasOwn(VOICE_KINDS, lower) ? VOICE_KINDS[lower] : undefined;
  if (kind !== undefined) return { asked, gender: kind };

  const polly = /^polly\.([^-]+)/.exec(lower.normalize('NFD').replace(/\p{M}/gu, ''))?.[1];
  const known = polly === undefined ? undefined : POLLY_VOICES.get(polly);
  if (known !== undefined) {
    return { asked, gender: known.gender, ...(known.language === undefined ? {} : { language: known.language }) };
  }
  // `Google.en-GB-Standard-A`, `Google.en-US-Chirp3-HD-Aoede`: the language is all that the name tells.
  const google = /^google\.([a-z]{2,3}-[a-z0-9]{2,3})-/.exec(lower)?.[1];
  const language = google === undefined ? undefined : parseLanguage(google);
  if (language !== undefined) return { asked, language };
  return { asked, name: lower };
}
