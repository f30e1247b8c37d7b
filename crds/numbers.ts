/** Punctuation that people put into phone numbers and that means nothing: RFC 3966 visual separators and spaces. */
const SEPARATORS = /[\s().-]/g;

/** E.164: a plus sign and 2 to 15 digits, the first not 0. */
const E164 = /^\+[1-9][0-9]{1,14}$/;

/**
 * The form in which numbers are compared: a number that is a phone number without its visual separators; anything else
 * (extensions, names, `*98`) as it is.
 */
export function normalizeNumber(number: string): string {
  const compact = number.replace(SEPARATORS, '');
  return /^\+?[0-9*#]+$/.test(compact) ? compact : number.trim();
}

/** Whether a normalised number is in E.164 form, and so unique in the cluster. */
export function isE164(number: string): boolean {
  return E164.test(number);
}
