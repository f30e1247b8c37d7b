import { type Fault, fault } from '../../crds/errors/fault.ts';
import { mediaCodes } from '../../crds/errors/media.ts';

/** `silence_stream://MS` or `MS,NOISE`; -1 is endless. */
const SILENCE = /^silence_stream:\/\/(-1|\d{1,9})(,\d{1,5})?$/;
/**
 * TGML, as of FreeSWITCH's libteletone: `%(on,off,hertz…)`, `L=2`, `v=-7`, digits, `;loops=3`. Other characters could have a meaning to
 * FreeSWITCH: `${…}` in an application's argument runs an API command.
 */
const TONES = /^tone_stream:\/\/[\w%(),;:=.+\-*#> ]{1,1000}$/;

/** Why FreeSWITCH may not be told to play this URI; undefined when it may. */
export function refuseStream(uri: string): Fault | undefined {
  if (SILENCE.test(uri)) return undefined;
  // `path=` reads the tones from a file.
  if (TONES.test(uri) && !/path\s*=/i.test(uri)) return undefined;
  const scheme = /^[a-z][a-z0-9+._-]*:\/\//i.exec(uri)?.[0];
  return fault(
    mediaCodes.streamRefused,
    scheme === 'tone_stream://' || scheme === 'silence_stream://'
      ? `${scheme}… is not written as a plain ${scheme === 'tone_stream://' ? 'tone description' : 'number of milliseconds'}`
      : `${scheme ?? 'this reference'} is not allowed; use tone_stream://, silence_stream:// or an http(s) URL`,
  );
}

/** Milliseconds of `silence_stream://`; undefined for everything else, and for endless silence. */
export function silenceMs(uri: string): number | undefined {
  const ms = SILENCE.exec(uri)?.[1];
  return ms === undefined || ms === '-1' ? undefined : Number(ms);
}
