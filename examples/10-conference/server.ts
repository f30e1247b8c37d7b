/**
 * A conference with a moderator. The others hear `waitUrl` until the moderator comes, and are out when the moderator goes; then their
 * documents go on. Whoever names the same room is in it.
 */
import { type Answer, type Example, runServer, twiml, type WebhookRequest } from '../web.ts';

export const conference: Example = {
  path: '/conference',
  answer(request) {
    switch (request.url.pathname) {
      case '/conference/moderator':
        return moderator();
      case '/conference/wait':
        return twiml('<Say>The moderator will be here soon.</Say><Pause length="5"/>');
      case '/conference/event':
        return event(request);
      default:
        return participant();
    }
  },
};

function participant(): Answer {
  return twiml(`
    <Dial>
      <Conference startConferenceOnEnter="false" waitUrl="/conference/wait" statusCallback="/conference/event">team</Conference>
    </Dial>
    <Say>The conference is over. Goodbye.</Say>`);
}

function moderator(): Answer {
  return twiml('<Dial><Conference endConferenceOnExit="true" beep="false">team</Conference></Dial>');
}

function event({ parameters }: WebhookRequest): Answer {
  console.log(`conference ${parameters.get('FriendlyName')}: ${parameters.get('StatusCallbackEvent')}`);
  return twiml('');
}

if (import.meta.main) await runServer([conference]);
