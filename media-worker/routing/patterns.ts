import { RE2JS } from 're2js';

/** What a pattern found in a dialled number. */
export interface PatternMatch {
  /** The longest captured group, or the whole match where the expression has no groups: Kazoo's "capture group". */
  readonly candidate: string;
  readonly namedGroups: Readonly<Record<string, string>>;
}

/** An RE2 expression: linear time whatever it is given. */
export interface CompiledPattern {
  match(number: string): PatternMatch | undefined;
}

/** Compiles a pattern; throws what RE2 says about a bad one (patterns of a table have been checked before). */
export function compilePattern(source: string): CompiledPattern {
  const expression = RE2JS.compile(source);
  const names = Object.keys(expression.namedGroups());
  return {
    match(number) {
      const matcher = expression.matcher(number);
      if (!matcher.find()) return undefined;
      let candidate = '';
      for (let group = 1; group <= matcher.groupCount(); group += 1) {
        const text = matcher.group(group) ?? '';
        if (text.length > candidate.length) candidate = text;
      }
      if (matcher.groupCount() === 0) candidate = matcher.group() ?? '';
      return { candidate, namedGroups: Object.fromEntries(names.map((name) => [name, matcher.group(name) ?? ''])) };
    },
  };
}
