/**
 * The backup web server that `fallback_url` names. It is asked when the first one has failed: with the same parameters, and `ErrorCode`
 * (a code of docs/errors.md) and `ErrorUrl` besides.
 */
import { type Example, runServer, twiml } from '../web.ts';

export const backup: Example = {
  path: '/backup',
  answer: ({ parameters }) => {
    console.log(`backup: ${parameters.get('ErrorUrl')} failed with ${parameters.get('ErrorCode')}`);
    return twiml('<Say>This is the backup server.</Say>');
  },
};

if (import.meta.main) await runServer([backup]);
