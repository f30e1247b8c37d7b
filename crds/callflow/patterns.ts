import { RE2JS } from 're2js';
import { CALLFLOW_LIMITS } from './limits.ts';

/** Why an expression is not usable as RE2, in the library's words; undefined when it compiles. */
export function patternRefusal(text: string): string | undefined {
  if (text.length > CALLFLOW_LIMITS.patternLength)
    return `it has more than ${CALLFLOW_LIMITS.patternLength} characters`;
  try {
    RE2JS.compile(text);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
