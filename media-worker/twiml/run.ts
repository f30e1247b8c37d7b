import type { DocumentOutcome, TwimlContext } from './outcome.ts';
import type { TwimlDocument } from './parse.ts';

/**
 * Runs a document's verbs in order until one asks for another exchange, one ends the call, or none is left. Rejects, with the reason of
 * the call's signal, when the call ends meanwhile.
 */
export async function runDocument(_document: TwimlDocument, _context: TwimlContext): Promise<DocumentOutcome> {
  return { kind: 'finished' };
}
