/** A language tag, taken apart. */
export interface Language {
  /** Canonical: `en-GB`, `zh-Hans-CN`. */
  readonly tag: string;
  /** `en`. */
  readonly primary: string;
  /** `GB`, or `419`. */
  readonly region?: string;
}

/**
 * Reads a BCP 47 tag (RFC 5646), any case, `_` for `-` as POSIX and Kazoo write it. Extensions and variants are dropped. Undefined when
 * it is none.
 */
export function parseLanguage(text: string): Language | undefined {
  try {
    const locale = new Intl.Locale(text.trim().replaceAll('_', '-'));
    const { language, script, region } = locale;
    if (language === 'und' || language === '') return undefined;
    const tag = [language, script, region].filter((part) => part !== undefined).join('-');
    return region === undefined ? { tag, primary: language } : { tag, primary: language, region };
  } catch {
    return undefined;
  }
}
