import { callflowCodes } from '../errors/callflow.ts';
import { type CodeEntry, type Fault, fault } from '../errors/fault.ts';
import { CALLFLOW_LIMITS } from './limits.ts';

/** Gathers the faults and warnings of one validation, each list bounded: hostile input must not make a hostile report. */
export class Collector {
  readonly faults: Fault[] = [];
  readonly warnings: Fault[] = [];

  /** True when no further warning will be listed, so that nobody needs to look for one. */
  get warningsFull(): boolean {
    return this.warnings.length >= CALLFLOW_LIMITS.faults;
  }

  report(entry: CodeEntry, message: string, pointer: string): void {
    if (entry.severity === 'warning') {
      if (!this.warningsFull) this.warnings.push(fault(entry, message, { pointer }));
      return;
    }
    if (this.faults.length < CALLFLOW_LIMITS.faults) this.faults.push(fault(entry, message, { pointer }));
    else if (this.faults.length === CALLFLOW_LIMITS.faults) {
      this.faults.push(fault(callflowCodes.moreFaults, `only the first ${CALLFLOW_LIMITS.faults} faults are listed`));
    }
  }
}

const SHOWN_CHARACTERS = 40;

/** A value as a message shows it: in its JSON form, cut, without line breaks. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value !== null && typeof value === 'object') return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, SHOWN_CHARACTERS + 1)) : String(value);
  if (typeof value === 'string' && value.length > SHOWN_CHARACTERS) return `${text.slice(0, SHOWN_CHARACTERS)}…"`;
  return text;
}
