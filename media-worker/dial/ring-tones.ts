import type { Sound } from '../media/sound.ts';

/** One period of a country's ringing tone: milliseconds on and off, and its frequencies (ITU-T E.180 supplement 2). */
type Period = readonly string[];

const fixed = (hertz: string, ...times: readonly (readonly [on: number, off: number])[]): Period =>
  times.map(([on, off]) => `%(${on},${off},${hertz})`);

const GERMAN = fixed('425', [1000, 4000]);
const BRITISH = fixed('400,450', [400, 200], [400, 2000]);
const AMERICAN = fixed('440,480', [2000, 4000]);
const FRENCH = fixed('440', [1500, 3500]);
const SOUTHERN = fixed('425', [1500, 3000]);

/** The names of Twilio's `ringTone`. */
const TONES = {
  at: fixed('420', [1000, 5000]),
  au: BRITISH,
  be: fixed('425', [1000, 3000]),
  bg: GERMAN,
  br: GERMAN,
  ch: GERMAN,
  cl: fixed('400', [1000, 3000]),
  cn: fixed('450', [1000, 4000]),
  cz: GERMAN,
  de: GERMAN,
  dk: GERMAN,
  ee: GERMAN,
  es: SOUTHERN,
  fi: GERMAN,
  fr: FRENCH,
  gr: fixed('425', [1000, 4000]),
  hu: fixed('425', [1250, 3750]),
  il: fixed('400', [1000, 3000]),
  in: fixed('400', [400, 200], [400, 2000]),
  it: fixed('425', [1000, 4000]),
  jp: fixed('400', [1000, 2000]),
  lt: GERMAN,
  mx: GERMAN,
  my: fixed('425', [400, 200], [400, 2000]),
  nl: GERMAN,
  no: GERMAN,
  nz: BRITISH,
  ph: fixed('425,480', [1000, 4000]),
  pl: GERMAN,
  pt: fixed('425', [1000, 5000]),
  ru: fixed('425', [1000, 4000]),
  se: fixed('425', [1000, 5000]),
  sg: fixed('425', [400, 200], [400, 2000]),
  th: GERMAN,
  tw: fixed('440,480', [1000, 2000]),
  uk: BRITISH,
  us: AMERICAN,
  'us-old': fixed('420', [2000, 4000]),
  ve: fixed('425', [1000, 4000]),
  za: fixed('400', [400, 200], [400, 2000]),
} as const satisfies Readonly<Record<string, Period>>;

export type RingTone = keyof typeof TONES;
export const RING_TONES = Object.keys(TONES) as readonly RingTone[];

/** A ringing tone that goes on until it is stopped. */
export function ringTone(name: RingTone): Sound {
  return { kind: 'stream', uri: `tone_stream://v=-17;${TONES[name].join(';')};loops=-1` };
}
