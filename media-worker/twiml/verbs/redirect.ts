import { withoutCredentials } from '../../../crds/callflow/urls.ts';
import { twimlCodes } from '../../../crds/errors/twiml.ts';
import { type AttributesOf, type AttributeTable, readAttributes } from '../attributes.ts';
import type { Position } from '../markup.ts';
import { METHOD, nextExchange } from '../next.ts';
import { quoted, type Report } from '../report.ts';
import { resolvable } from '../urls.ts';
import { type VerbDefinition, verbOf } from '../verb.ts';
import { directText, type XmlElement } from '../xml.ts';
import { parseVariables, storeVariables, type Variable, variable } from './variable.ts';

export const REDIRECT_ATTRIBUTES = { method: METHOD } as const satisfies AttributeTable;

export interface RedirectVerb extends Position, AttributesOf<typeof REDIRECT_ATTRIBUTES> {
  readonly verb: 'Redirect';
  /** Undefined: the current document. */
  readonly url: string | undefined;
  readonly variables: readonly Variable[];
}

function parse(element: XmlElement, report: Report): RedirectVerb {
  const attributes = readAttributes(element, REDIRECT_ATTRIBUTES, report);
  const variables = parseVariables(element, report);
  const url = directText(element);
  if (url !== '' && !resolvable(url)) {
    const message = `<Redirect> to ${quoted(withoutCredentials(url))} is not a URL that can be asked.`;
    // Nothing sensible can be put in its place, and the call must not get there to find out.
    report.fail(twimlCodes.redirectUrl, message, element);
  }
  return { ...verbOf('Redirect', element), ...attributes, url: url === '' ? undefined : url, variables };
}

export const redirect: VerbDefinition<RedirectVerb> = {
  name: 'Redirect',
  summary: 'Asks another URL, and goes on with what it answers; verbs after it never run. Does not answer the call.',
  content:
    'The URL, absolute or relative; empty for the current document. `<Variable>` elements may stand beside it: they are stored first, as by `<Set>`. A URL that cannot be used refuses the document.',
  example: '<Redirect method="GET">/menu?again=1<Variable key="tries" value="2"/></Redirect>',
  attributes: REDIRECT_ATTRIBUTES,
  nouns: [variable],
  differences: ['Kazoo answers the call, and fails where a `<Variable>` is nested. Twilio knows no `<Variable>`.'],
  parse,
  async execute(verb, context) {
    storeVariables(verb.variables, context);
    return nextExchange(context, verb.url, verb.method);
  },
};
