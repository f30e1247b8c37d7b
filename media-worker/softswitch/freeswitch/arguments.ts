/** Splitting arguments as switch_separate_string does: quotes with `'`, escapes with `\`. */

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', s: ' ' };

/** Splits at spaces into at most `limit` parts; the last one keeps its spaces. `^^X` at the start makes X the delimiter. */
export function splitArguments(text: string, limit = Number.POSITIVE_INFINITY): string[] {
  const own = /^\^\^(.)/s.exec(text);
  const delimiter = own?.[1] ?? ' ';
  const rest = own === null ? text.trim() : text.slice(3);
  const parts: string[] = [];
  let part = '';
  let quoted = false;
  let any = false;
  for (let i = 0; i < rest.length; i += 1) {
    const char = rest[i] ?? '';
    const next = rest[i + 1];
    if (char === '\\' && next !== undefined && (next === "'" || next === '"' || next === delimiter || next === '\\')) {
      part += next;
      i += 1;
      any = true;
    } else if (char === '\\' && next !== undefined && ESCAPES[next] !== undefined) {
      part += ESCAPES[next];
      i += 1;
      any = true;
    } else if (char === "'" && (quoted || rest.indexOf("'", i + 1) !== -1)) {
      quoted = !quoted;
      any = true;
    } else if (char === delimiter && !quoted && parts.length < limit - 1) {
      if (delimiter !== ' ' || any) parts.push(part);
      part = '';
      any = false;
    } else {
      part += char;
      any = true;
    }
  }
  if (any || delimiter !== ' ') parts.push(part);
  return parts;
}

/** `NAME=VALUE`; without `=`, the value is undefined. */
export function splitAssignment(text: string): [name: string, value: string | undefined] {
  const equals = text.indexOf('=');
  if (equals === -1) return [text.trim(), undefined];
  return [text.slice(0, equals).trim(), text.slice(equals + 1)];
}

/** A number of an argument, within limits; `fallback` when it is none. */
export function numberOf(text: string | undefined, fallback: number, min = 0, max = 86_400_000): number {
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number.parseInt(text, 10);
  return Number.isNaN(value) ? fallback : Math.min(max, Math.max(min, value));
}
