import type { ModuleSchema } from '../schema.ts';

export const hangup: ModuleSchema = {
  module: 'hangup',
  summary: 'Ends the call after the sounds already queued.',
  answers: 'no',
  children: {
    kind: 'none',
  },
  fields: {},
};
