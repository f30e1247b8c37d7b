/**
 * Callflow JSON cannot look anything up, a web server can. So the first answer collects digits and ends in a second `pivot`, whose request
 * carries them: as `Digits[order]=1234` in a form, as `{"Digits": {"order": "1234"}}` in JSON.
 */
import { type Answer, callflow, type Example, runServer, type WebhookRequest } from '../web.ts';

/** Your database. */
const ORDERS: Readonly<Record<string, string>> = { '1234': 'was sent yesterday', '5678': 'is being packed' };

export const orders: Example = {
  path: '/orders',
  answer: (request) => (request.url.pathname === '/orders/status' ? status(request) : ask(request)),
};

function ask({ url }: WebhookRequest): Answer {
  const lookUp = {
    module: 'pivot',
    // A whole URL: a pivot action in an answer starts anew and does not know where the answer came from.
    data: { voice_url: new URL('/orders/status', url).href, method: 'post', req_body_format: 'json', debug: true },
  };
  const collect = {
    module: 'collect_dtmf',
    data: { collection_name: 'order', max_digits: 4, timeout: 5000 },
    children: { _: lookUp },
  };
  return callflow({ module: 'tts', data: { text: 'Your order number, please.' }, children: { _: collect } });
}

function status({ body }: WebhookRequest): Answer {
  const { Digits } = JSON.parse(body) as { Digits?: { order?: string } };
  const order = Digits?.order;
  const text =
    order === undefined ? 'I heard no number.' : `Your order ${ORDERS[order] ?? 'is not known to us'}. Goodbye.`;
  return callflow({ module: 'tts', data: { text } });
}

if (import.meta.main) await runServer([orders]);
