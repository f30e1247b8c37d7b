/**
 * Content-Length of a raw header section: undefined when it is not there, 'bad' when it is not a number or there are several
 * that differ. Used where the message is not yet cut out of its stream, so that it cannot be parsed as a whole.
 */
export function contentLengthOf(section: string): number | undefined | 'bad' {
  let found: number | undefined;
  let from = section.indexOf('\n') + 1;
  while (from > 0 && from < section.length) {
    let end = section.indexOf('\n', from);
    if (end < 0) end = section.length;
    const first = section.charCodeAt(from);
    // 'l' or 'c' in either case: nothing else can be this header.
    if (first === 108 || first === 76 || first === 99 || first === 67) {
      const length = lengthOfLine(section.slice(from, end));
      if (length === 'bad' || (found !== undefined && length !== undefined && length !== found)) return 'bad';
      found = length ?? found;
    }
    from = end + 1;
  }
  return found;
}

function lengthOfLine(headerLine: string): number | undefined | 'bad' {
  const colon = headerLine.indexOf(':');
  if (colon < 0 || colon > 40) return undefined;
  const name = headerLine.slice(0, colon).trim().toLowerCase();
  if (name !== 'l' && name !== 'content-length') return undefined;
  return parseLength(headerLine.slice(colon + 1).trim());
}

/** Decimal digits only, at most nine of them. */
export function parseLength(value: string): number | 'bad' {
  if (value.length === 0 || value.length > 9) return 'bad';
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code < 48 || code > 57) return 'bad';
  }
  return Number(value);
}
