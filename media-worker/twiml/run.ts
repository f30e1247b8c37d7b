import { type Fault, faultOf } from '../../crds/errors/fault.ts';
import { twimlCodes } from '../../crds/errors/twiml.ts';
import type { SpanAttributes } from '../telemetry/span.ts';
import { createRedactor } from '../webhook/record.ts';
import type { DocumentOutcome, TwimlContext, VerbOutcome } from './outcome.ts';
import type { TwimlDocument } from './parse.ts';
import { executeVerb, type Verb } from './verbs/registry.ts';

/**
 * Runs a document's verbs in order, each in a span `verb NAME`, until one asks for another exchange, one ends the call, or none is left.
 *
 * Rejects, with the reason of the call's signal, when the call ends meanwhile. A verb that fails from within (a bug, not a wrong
 * attribute or a missing sound, which are warnings) fails its span and hangs the call up: the caller is never left in silence
 * (pivot-behaviour 4.7).
 */
export async function runDocument(document: TwimlDocument, context: TwimlContext): Promise<DocumentOutcome> {
  for (const verb of document.verbs) {
    context.call.signal.throwIfAborted();
    const outcome = await runVerb(verb, context);
    switch (outcome.kind) {
      case 'continue':
        break;
      case 'exchange':
      case 'leave':
      case 'stop':
        return outcome;
      case 'failed':
        await context.call.hangup({ cause: 'NORMAL_TEMPORARY_FAILURE' });
        return { kind: 'stop', fault: outcome.fault };
    }
  }
  return { kind: 'finished' };
}

type Ran = VerbOutcome | { readonly kind: 'failed'; readonly fault: Fault };

function runVerb(verb: Verb, context: TwimlContext): Promise<Ran> {
  const attributes = {
    'pivot.twiml.verb': verb.verb,
    'pivot.twiml.line': verb.line,
    'pivot.twiml.column': verb.column,
    ...(context.settings.debug ? attributesShown(verb, context) : {}),
  };
  return context.span.run(`verb ${verb.verb}`, attributes, async (span): Promise<Ran> => {
    try {
      const outcome = await executeVerb(verb, { ...context, span });
      span.set({ 'pivot.twiml.outcome': outcome.kind });
      context.metrics.verbRan(verb.verb, outcome.kind);
      if (outcome.kind === 'exchange') span.set({ 'pivot.twiml.next.method': outcome.next.method });
      return outcome;
    } catch (error) {
      if (context.call.signal.aborted) {
        span.set({ 'pivot.twiml.outcome': 'call ended' });
        context.metrics.verbRan(verb.verb, 'call-ended');
        throw context.call.signal.reason;
      }
      const fault = faultOf(error, twimlCodes.verbFailed);
      span.set({ 'pivot.twiml.outcome': 'failed' });
      context.metrics.verbRan(verb.verb, 'failed');
      span.fail(fault, true);
      return { kind: 'failed', fault };
    }
  });
}

/** Characters of a verb's attributes in its span. */
const MOST_SHOWN = 2048;

/** What the document says of the verb, with its defaults; without nested nouns, which have spans of their own. */
function attributesShown(verb: Verb, { settings }: TwimlContext): SpanAttributes {
  const plain = Object.entries(verb).filter(([name, value]) => !POSITION.has(name) && typeof value !== 'object');
  const text = createRedactor(settings.secrets).text(JSON.stringify(Object.fromEntries(plain)));
  return { 'pivot.twiml.attributes': text.slice(0, MOST_SHOWN) };
}

/** Told by attributes of their own. */
const POSITION: ReadonlySet<string> = new Set(['verb', 'line', 'column']);
