/**
 * A message by `<Record>`: a key, three seconds of silence or hanging up ends it. `action` is then told where it can be fetched; a caller who
 * says nothing falls through to the next verb. `recordingStatusCallback` comes also when the caller has hung up, or the worker was killed.
 */
import { type Answer, type Example, runServer, twiml, type WebhookRequest } from '../web.ts';

export const voicemail: Example = {
  path: '/message',
  answer(request) {
    switch (request.url.pathname) {
      case '/message/left':
        return left(request);
      case '/message/status':
        return status(request);
      default:
        return ask();
    }
  },
};

function ask(): Answer {
  return twiml(`
    <Say>Nobody is here. Please leave a message after the beep.</Say>
    <Record action="/message/left" timeout="3" maxLength="120" recordingStatusCallback="/message/status"/>
    <Say>You said nothing. Goodbye.</Say>`);
}

function left({ parameters }: WebhookRequest): Answer {
  return twiml(`<Say>Thank you for ${parameters.get('RecordingDuration')} seconds. Goodbye.</Say>`);
}

/** Here one would send a mail with the link. */
function status({ parameters }: WebhookRequest): Answer {
  console.log(`message from call ${parameters.get('CallSid')}: ${parameters.get('RecordingUrl')}`);
  return twiml('');
}

if (import.meta.main) await runServer([voicemail]);
