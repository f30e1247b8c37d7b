/**
 * Call screening: `url` of a noun is a document for the called side, run before both are connected. Here it says who calls and waits for a key;
 * at its end both are connected, `<Hangup>` declines. `action` is told what became of it.
 */
import { type Answer, type Example, runServer, twiml, type WebhookRequest } from '../web.ts';

export const screening: Example = {
  path: '/screening',
  answer(request) {
    switch (request.url.pathname) {
      case '/screening/ask':
        return ask(request);
      case '/screening/over':
        return over(request);
      default:
        return dial();
    }
  },
};

function dial(): Answer {
  return twiml(`
    <Dial timeout="20" action="/screening/over">
      <Device url="/screening/ask">ann</Device>
    </Dial>`);
}

/** Asked about the called leg: `From` is who calls, `ParentCallSid` the caller's call. */
function ask({ parameters }: WebhookRequest): Answer {
  if (parameters.get('Digits') === '1') return twiml('<Say>Here you are.</Say>');
  const from = (parameters.get('From') ?? '').replace(/\D/g, '').split('').join(' ');
  return twiml(`
    <Gather numDigits="1" timeout="10" action="/screening/ask">
      <Say>A call from ${from}. Press 1 to take it.</Say>
    </Gather>
    <Hangup/>`);
}

function over({ parameters }: WebhookRequest): Answer {
  const status = parameters.get('DialCallStatus');
  return twiml(
    status === 'completed' ? '<Say>Goodbye.</Say>' : '<Say>Ann cannot talk now. Please call again later.</Say>',
  );
}

if (import.meta.main) await runServer([screening]);
