import type { Application } from '../execution.ts';

/**
 * `speak ENGINE|VOICE|TEXT`. The stand-in has no speech engine: it completes at once with `_none_`, which is what FreeSWITCH does
 * for an unknown engine (32). The worker synthesises speech itself and plays files.
 */
export const speak: Application = { name: 'speak', run: () => undefined };
