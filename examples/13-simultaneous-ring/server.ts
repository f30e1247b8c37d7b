/**
 * Several nouns in `<Dial>` ring together. The first who answers has the call; the others are cancelled. `sequential="true"` would ring them one
 * after the other.
 */
import { type Answer, type Example, runServer, twiml, type WebhookRequest } from '../web.ts';

export const team: Example = {
  path: '/team',
  answer(request) {
    return request.url.pathname === '/team/over' ? over(request) : dial();
  },
};

function dial(): Answer {
  return twiml(`
    <Say>One moment.</Say>
    <Dial timeout="25" action="/team/over" record="record-from-answer-dual">
      <Device>desk</Device>
      <Device>mobile</Device>
    </Dial>`);
}

function over({ parameters }: WebhookRequest): Answer {
  const status = parameters.get('DialCallStatus');
  if (status !== 'completed') return twiml('<Say>Nobody is here. Goodbye.</Say>');
  console.log(`recorded: ${parameters.get('RecordingUrl')}`);
  return twiml(`<Say>You talked for ${parameters.get('DialCallDuration')} seconds. Goodbye.</Say>`);
}

if (import.meta.main) await runServer([team]);
