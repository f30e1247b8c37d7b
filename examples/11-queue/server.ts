/**
 * A queue with agents. While callers wait, `waitUrl` is asked again and again, and told their place; the key 1 leaves the queue. An agent's
 * call takes the first who waits, or waits for one.
 */
import { type Answer, type Example, runServer, twiml, type WebhookRequest } from '../web.ts';

export const queue: Example = {
  path: '/queue',
  answer(request) {
    switch (request.url.pathname) {
      case '/queue/wait':
        return wait(request);
      case '/queue/over':
        return over(request);
      case '/queue/agent':
        return twiml('<Dial timeout="60"><Queue>support</Queue></Dial><Say>Nobody is waiting.</Say>');
      default:
        return twiml('<Enqueue waitUrl="/queue/wait" action="/queue/over">support</Enqueue>');
    }
  },
};

function wait({ parameters }: WebhookRequest): Answer {
  if (parameters.get('Digits') === '1') return twiml('<Leave/>');
  return twiml(`
    <Gather numDigits="1" timeout="5" action="/queue/wait">
      <Say>You are number ${parameters.get('QueuePosition')}. Press one to leave.</Say>
    </Gather>`);
}

function over({ parameters }: WebhookRequest): Answer {
  switch (parameters.get('QueueResult')) {
    case 'leave':
      return twiml('<Say>Please call again. Goodbye.</Say>');
    case 'bridged':
      return twiml('<Say>Thank you for your call. Goodbye.</Say>');
    default:
      return twiml('<Hangup/>');
  }
}

if (import.meta.main) await runServer([queue]);
