import type { WordAttribute } from './attributes.ts';
import type { TwimlContext, VerbOutcome } from './outcome.ts';
import { resolveUrl } from './urls.ts';

export type Method = 'GET' | 'POST';

/** `method` of every verb that asks for another exchange. */
export const METHOD = {
  kind: 'word',
  values: ['GET', 'POST'],
  default: undefined,
  description: 'Method of the request. Default: POST, or what the callflow says.',
  differs: '2600Hz’s tables say GET; Kazoo’s code and Twilio do POST.',
} as const satisfies WordAttribute;

/** The outcome that asks `reference` (absolute, relative, or undefined for the current document) for another document. */
export function nextExchange(
  context: TwimlContext,
  reference: string | undefined,
  method: Method | undefined,
  parameters: Readonly<Record<string, string>> = {},
): VerbOutcome {
  const url = resolveUrl(context.documentUrl, reference);
  return { kind: 'exchange', next: { url, method: method ?? context.defaultActionMethod, parameters } };
}
