/** Characters of a text from outside that a header may carry. */
const LONGEST = 256;

/**
 * A text from outside (a dialled number, a web server's words) made fit for one header line: no line breaks or other control
 * characters, which would begin further headers, and not endless.
 */
export function headerText(text: string): string {
  return text
    .slice(0, LONGEST)
    .toWellFormed()
    .replace(/\p{Cc}+/gu, ' ')
    .trim();
}

/** As a quoted string (RFC 3261 section 25.1). */
export function quotedText(text: string): string {
  return `"${headerText(text.replaceAll('\\', '').replaceAll('"', "'"))}"`;
}
