/**
 * A menu with `<Gather>`. It speaks and listens at once: a key stops the voice. The key goes to `action` as the parameter `Digits`; a
 * caller who presses nothing falls through to the next verb.
 */
import { type Answer, type Example, runServer, twiml, type WebhookRequest } from '../web.ts';

const HOURS = '<Say>We are open from nine to five.</Say>';
const PLACE = '<Say>You find us at one Main Street.</Say>';
/** The server keeps no state: what it has to remember stands in the URL. */
const MOST_TRIES = 2;

export const menu: Example = {
  path: '/menu',
  answer: (request) => (request.url.pathname === '/menu/choice' ? choice(request) : ask(request)),
};

function ask({ url }: WebhookRequest): Answer {
  const attempt = Number(url.searchParams.get('try') ?? 1);
  if (attempt > MOST_TRIES) return twiml('<Say>Goodbye.</Say><Hangup/>');
  return twiml(`
    <Gather numDigits="1" timeout="3" action="/menu/choice">
      <Say>For our hours press one. For our address press two.</Say>
    </Gather>
    <Redirect>/menu?try=${attempt + 1}</Redirect>`);
}

function choice({ parameters }: WebhookRequest): Answer {
  switch (parameters.get('Digits')) {
    case '1':
      return twiml(HOURS);
    case '2':
      return twiml(PLACE);
    default:
      return twiml('<Say>That is not on the menu.</Say><Redirect>/menu?try=2</Redirect>');
  }
}

if (import.meta.main) await runServer([menu]);
