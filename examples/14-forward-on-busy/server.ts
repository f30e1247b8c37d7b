/** Forward on busy: `action` is told how the call out ended (`DialCallStatus`), and its answer may call somebody else. */
import { type Answer, type Example, runServer, twiml, type WebhookRequest } from '../web.ts';

export const forward: Example = {
  path: '/forward',
  answer(request) {
    switch (request.url.pathname) {
      case '/forward/shop':
        return afterShop(request);
      case '/forward/owner':
        return afterOwner(request);
      default:
        return twiml('<Dial timeout="15" action="/forward/shop"><Device>shop</Device></Dial>');
    }
  },
};

function afterShop({ parameters }: WebhookRequest): Answer {
  const status = parameters.get('DialCallStatus');
  if (status === 'completed') return twiml('<Hangup/>');
  const why = status === 'busy' ? 'The line is busy.' : 'Nobody answers.';
  return twiml(`
    <Say>${why} You are connected with the owner.</Say>
    <Dial timeout="15" action="/forward/owner"><Device>owner</Device></Dial>`);
}

function afterOwner({ parameters }: WebhookRequest): Answer {
  return twiml(
    parameters.get('DialCallStatus') === 'completed' ? '<Say>Goodbye.</Say>' : '<Say>Please call again later.</Say>',
  );
}

if (import.meta.main) await runServer([forward]);
