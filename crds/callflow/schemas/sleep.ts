import type { ModuleSchema } from '../schema.ts';

export const sleep: ModuleSchema = {
  module: 'sleep',
  summary: 'Waits, without answering the call.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    duration: {
      type: 'integer',
      description: 'How long.',
      minimum: 0,
      maximum: 86400000,
      default: 0,
    },
    unit: {
      type: 'string',
      description: 'Unit of `duration`. A day is the longest pause.',
      enum: ['ms', 's', 'm', 'h'],
      default: 's',
    },
  },
  differences: ['Keys pressed meanwhile are kept; Kazoo drops them.'],
};
