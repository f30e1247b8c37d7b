import { callflowCodes } from '../errors/callflow.ts';
import { fault } from '../errors/fault.ts';
import { type JsonSyntaxError, mapJson, positionOf } from './json-text.ts';
import { CALLFLOW_LIMITS } from './limits.ts';
import { type ValidateOptions, type ValidationResult, validateCallflow } from './validate.ts';

/** What Pivot's debug log keeps of a text that is not JSON (spec pivot-behaviour 7.1, `json_errors`). */
export interface JsonErrorContext {
  readonly message: JsonSyntaxError['kind'];
  /** The text just before the place, and from it on. */
  readonly before: string;
  readonly after: string;
}

export type ParseResult = ValidationResult & { readonly jsonError?: JsonErrorContext };

const CONTEXT_CHARACTERS = 60;

/** Reads a callflow from JSON text: syntax, then everything that `validateCallflow` checks. Size and depth are bounded. */
export function parseCallflowJson(text: string, options: ValidateOptions = {}): ParseResult {
  if (text.length > CALLFLOW_LIMITS.bytes || Buffer.byteLength(text) > CALLFLOW_LIMITS.bytes) {
    return refusal(fault(callflowCodes.tooLarge, `the text has more than ${CALLFLOW_LIMITS.bytes / 1024} KiB`));
  }
  const json = withoutByteOrderMark(text);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return syntaxRefusal(json, error);
  }
  return validateCallflow(value, options);
}

/** Editors on Windows put a byte order mark before JSON; RFC 8259, section 8.1 lets readers ignore it. */
export function withoutByteOrderMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

function syntaxRefusal(json: string, error: unknown): ParseResult {
  const found = mapJson(json);
  // The two readers agree on what JSON is; should they ever not, the engine's own words must do.
  if (found.ok) return refusal(fault(callflowCodes.notJson, error instanceof Error ? error.message : String(error)));
  const { offset, problem, kind } = found;
  const jsonError = {
    message: kind,
    before: json.slice(Math.max(0, offset - CONTEXT_CHARACTERS), offset),
    after: json.slice(offset, offset + CONTEXT_CHARACTERS),
  };
  return { ...refusal(fault(callflowCodes.notJson, problem, positionOf(json, offset))), jsonError };
}

function refusal(theFault: ReturnType<typeof fault>): ValidationResult {
  return { ok: false, faults: [theFault], warnings: [] };
}
