import type { ModuleSchema } from '../schema.ts';

export const answer: ModuleSchema = {
  module: 'answer',
  summary: 'Answers the call.',
  answers: 'yes',
  children: {
    kind: 'default',
  },
  fields: {},
};
