/**
 * The shortest webhook there is: say something, then the call is over.
 *
 * Pivot asks `GET /hello?From=...&To=2030&CallSid=...` and runs the verbs of the answer from top to bottom. When none is left, it hangs
 * up. Change the words, save, start the server again: the next call hears them.
 */
import { type Example, runServer, twiml } from '../web.ts';

export const helloTwiml: Example = {
  path: '/hello',
  answer: () => twiml('<Say>Hello. This call was answered by a web server.</Say>'),
};

if (import.meta.main) await runServer([helloTwiml]);
