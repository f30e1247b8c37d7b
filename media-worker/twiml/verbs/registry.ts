import type { TwimlContext, VerbOutcome } from '../outcome.ts';
import type { VerbDefinition } from '../verb.ts';
import { type DialVerb, dial } from './dial.ts';
import { type EnqueueVerb, enqueue } from './enqueue.ts';
import { type GatherVerb, gather } from './gather.ts';
import { type HangupVerb, hangup } from './hangup.ts';
import { type LeaveVerb, leave } from './leave.ts';
import { type PauseVerb, pause } from './pause.ts';
import { type PlayVerb, play } from './play.ts';
import { type RecordVerb, record } from './record.ts';
import { type RedirectVerb, redirect } from './redirect.ts';
import { type ReferVerb, refer } from './refer.ts';
import { type RejectVerb, reject } from './reject.ts';
import { type SayVerb, say } from './say.ts';
import { type SetVerb, set } from './set.ts';

export type Verb =
  | SayVerb
  | PlayVerb
  | PauseVerb
  | GatherVerb
  | RecordVerb
  | DialVerb
  | EnqueueVerb
  | LeaveVerb
  | RedirectVerb
  | ReferVerb
  | SetVerb
  | HangupVerb
  | RejectVerb;

type Definitions = { readonly [N in Verb['verb']]: VerbDefinition<Extract<Verb, { verb: N }>> };

/** Every verb that runs, in the order of the reference. */
export const VERBS: Definitions = {
  Say: say,
  Play: play,
  Pause: pause,
  Gather: gather,
  Record: record,
  Dial: dial,
  Enqueue: enqueue,
  Leave: leave,
  Redirect: redirect,
  Refer: refer,
  Set: set,
  Hangup: hangup,
  Reject: reject,
};

export function isVerbName(name: string): name is Verb['verb'] {
  return Object.hasOwn(VERBS, name);
}

/** Runs a verb by its own definition. */
export function executeVerb(verb: Verb, context: TwimlContext): Promise<VerbOutcome> {
  // The compiler cannot see that the definition found by `verb.verb` is the one of this very verb; `Definitions` makes it so.
  const definition = VERBS[verb.verb] as VerbDefinition<Verb>;
  return definition.execute(verb, context);
}
