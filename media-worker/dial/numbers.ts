import { isE164 } from '../../crds/numbers.ts';
import type { CompiledTrunk } from '../../crds/routing-table.ts';

export type NumberFormat = CompiledTrunk['calledFormat'];

/** E.164 has 15 digits at most. */
const MOST_DIGITS = 15;

/** Digits and a leading `+` of what somebody wrote, everything else removed; undefined when that is no telephone number. */
export function dialledDigits(text: string): string | undefined {
  const plus = /^[^0-9]*\+/.test(text) ? '+' : '';
  const digits = text.replace(/[^0-9]/g, '');
  return digits === '' || digits.length > MOST_DIGITS + 3 ? undefined : `${plus}${digits}`;
}

/**
 * A number in E.164 form: international prefixes (`00`; `011` where country code 1 is ours) become `+`, national numbers get the country code.
 * A number that cannot be told stays as it is.
 */
export function toE164(number: string, countryCode: string | undefined): string {
  if (number.startsWith('+')) return number;
  const international = countryCode === '1' ? /^(?:011|00)(\d+)$/ : /^00(\d+)$/;
  const abroad = international.exec(number)?.[1];
  const whole = abroad !== undefined ? `+${abroad}` : national(number, countryCode);
  return whole !== undefined && isE164(whole) ? whole : number;
}

function national(number: string, countryCode: string | undefined): string | undefined {
  if (countryCode === undefined) return undefined;
  // The North American plan: ten digits, or eleven with the country code before them.
  if (countryCode === '1') {
    if (/^[2-9]\d{9}$/.test(number)) return `+1${number}`;
    return /^1[2-9]\d{9}$/.test(number) ? `+${number}` : undefined;
  }
  if (number.startsWith('0')) return `+${countryCode}${number.slice(1)}`;
  return number.startsWith(countryCode) && number.length > 10 ? `+${number}` : `+${countryCode}${number}`;
}

/** A number as a carrier wants it written. */
export function written(number: string, format: NumberFormat, countryCode: string | undefined): string {
  if (!isE164(number)) return number;
  switch (format) {
    case 'e164':
      return number;
    case 'withoutPlus':
      return number.slice(1);
    case 'national':
      return countryCode !== undefined && number.startsWith(`+${countryCode}`)
        ? number.slice(1 + countryCode.length)
        : number;
  }
}

/** The longest of the prefixes that a number begins with; no prefixes at all allow every number. Undefined: none does. */
export function allowingPrefix(number: string, prefixes: readonly string[] | undefined): string | undefined {
  if (prefixes === undefined) return '';
  return prefixes.filter((prefix) => number.startsWith(prefix)).toSorted((a, b) => b.length - a.length)[0];
}
