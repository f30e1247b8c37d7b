import { type CodeEntry, type Fault, fault } from '../../crds/errors/fault.ts';
import { twimlCodes } from '../../crds/errors/twiml.ts';
import type { Position } from './markup.ts';

/** Warnings kept of one document. */
const MAX_WARNINGS = 100;
/** Faults kept of one document. */
const MAX_FAULTS = 20;

/** Where a parser of verbs says what is wrong. */
export interface Report {
  /** Something was skipped, clamped or defaulted. A message that is costly to make is given as a function. */
  warn(entry: CodeEntry, message: string | (() => string), at: Position): void;
  /** The document cannot be run. */
  fail(entry: CodeEntry, message: string, at: Position): void;
  readonly warnings: readonly Fault[];
  readonly faults: readonly Fault[];
}

export function newReport(initial: readonly Fault[] = []): Report {
  const warnings = [...initial];
  const faults: Fault[] = [];
  let more = false;
  return {
    warnings,
    faults,
    fail(entry, message, at) {
      if (faults.length < MAX_FAULTS) faults.push(fault(entry, message, { line: at.line, column: at.column }));
    },
    warn(entry, message, at) {
      const place = { line: at.line, column: at.column };
      if (warnings.length < MAX_WARNINGS) {
        warnings.push(fault(entry, typeof message === 'string' ? message : message(), place));
      } else if (!more) {
        more = true;
        warnings.push(fault(twimlCodes.moreWarnings, 'There are more warnings from here on.', place));
      }
    },
  };
}

/** A value as a message quotes it: in quotes, on one line, cut. */
export function quoted(value: string): string {
  const line = value.replace(/\s+/g, ' ');
  return JSON.stringify(line.length > 60 ? `${line.slice(0, 60)}…` : line);
}
