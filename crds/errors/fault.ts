/** A stable error code, `PV-` and four digits. The first two digits name the area; see the files beside this one. */
export type PvCode = `PV-${number}`;

/** One entry of the error catalogue. `docs/errors.md` is generated from these entries. */
export interface CodeEntry {
  readonly code: PvCode;
  /** `error` ends what was being done; `warning` is reported and the call goes on. */
  readonly severity: 'error' | 'warning';
  /** What happened, one line, no values. */
  readonly title: string;
  /** Why it happens, in plain words. */
  readonly cause: string;
  /** What to do about it. */
  readonly cure: string;
}

/** Where in the input a fault lies. Lines and columns count from 1; `pointer` is a JSON pointer (RFC 6901). */
export interface Place {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly pointer?: string;
}

/** Something that went wrong, as a value: fit for a span, a log line, a condition, a reply. Never holds secrets. */
export interface Fault {
  readonly code: PvCode;
  readonly severity: 'error' | 'warning';
  /** One line: what, with which value, and how to mend it. */
  readonly message: string;
  readonly place?: Place;
}

/** Makes a fault of a catalogue entry. */
export function fault(entry: CodeEntry, message: string, place?: Place): Fault {
  return place === undefined
    ? { code: entry.code, severity: entry.severity, message }
    : { code: entry.code, severity: entry.severity, message, place };
}

/** An error that carries a fault; thrown only where a value cannot be returned. */
export class PivotError extends Error {
  readonly fault: Fault;
  constructor(theFault: Fault, options?: ErrorOptions) {
    super(`${theFault.code} ${theFault.message}`, options);
    this.name = 'PivotError';
    this.fault = theFault;
  }
}

/** The fault of any thrown value: its own if it is a `PivotError`, else one of `entry` with the error's message. */
export function faultOf(error: unknown, entry: CodeEntry): Fault {
  if (error instanceof PivotError) return error.fault;
  return fault(entry, error instanceof Error ? error.message : String(error));
}

/** `FILE:LINE:COLUMN CODE message`, the form in which `pivot validate` prints faults. Parts that are unknown are left out. */
export function formatFault(theFault: Fault): string {
  const { file, line, column, pointer } = theFault.place ?? {};
  const at = [file, line, column].filter((part) => part !== undefined).join(':');
  const inside = pointer !== undefined && pointer !== '' ? ` (at ${pointer})` : '';
  return `${at === '' ? '' : `${at} `}${theFault.code} ${theFault.message}${inside}`;
}
