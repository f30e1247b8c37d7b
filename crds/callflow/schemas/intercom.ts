import type { ModuleSchema } from '../schema.ts';

export const intercom: ModuleSchema = {
  module: 'intercom',
  summary: 'Calls the captured extension, which answers by itself.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    barge_calls: {
      type: 'boolean',
      description: 'Also interrupts phones that are in a call.',
    },
  },
};
