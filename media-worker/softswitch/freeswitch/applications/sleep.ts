import { numberOf } from '../arguments.ts';
import type { Application } from '../execution.ts';

/** `sleep MILLISECONDS`; `uuid_break` ends it. */
export const sleep: Application = {
  name: 'sleep',
  run: (context) => context.wait(numberOf(context.args, 0)),
};
