/**
 * Values that stay with the call. There are two kinds:
 *
 * - `set_variables` (Callflow JSON): later requests carry them as `Custom-Application-Vars[NAME]`;
 * - `<Set><Variable/></Set>` (TwiML): later requests carry them under their own name.
 *
 * The first answer is Callflow JSON, the second and third are TwiML: a web server may change the language at every request.
 */
import { type Answer, callflow, type Example, escapeXml, runServer, twiml, type WebhookRequest } from '../web.ts';

export const chain: Example = {
  path: '/chain',
  answer: (request) => {
    if (request.url.pathname === '/chain/second') return second(request);
    return request.url.pathname === '/chain/third' ? third(request) : first(request);
  },
};

function first({ url }: WebhookRequest): Answer {
  const next = { voice_url: new URL('/chain/second', url).href, method: 'post', req_format: 'twiml', debug: true };
  return callflow({
    module: 'set_variables',
    data: { custom_application_vars: { tier: 'gold' } },
    children: { _: { module: 'pivot', data: next } },
  });
}

function second({ parameters }: WebhookRequest): Answer {
  const lounge = parameters.get('Custom-Application-Vars[tier]') === 'gold' ? 'upstairs' : 'downstairs';
  return twiml(`<Set><Variable key="lounge" value="${lounge}"/></Set><Redirect>/chain/third</Redirect>`);
}

function third({ parameters }: WebhookRequest): Answer {
  const tier = escapeXml(parameters.get('Custom-Application-Vars[tier]') ?? 'no');
  const lounge = escapeXml(parameters.get('lounge') ?? 'nowhere');
  return twiml(`<Say>You are a ${tier} member. Your lounge is ${lounge}.</Say>`);
}

if (import.meta.main) await runServer([chain]);
