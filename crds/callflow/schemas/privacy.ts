import type { ModuleSchema } from '../schema.ts';

export const privacy: ModuleSchema = {
  module: 'privacy',
  summary: 'Hides the caller id on later legs.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    mode: {
      type: 'string',
      description: 'What is hidden; `yes` is `full`.',
      enum: ['full', 'name', 'number', 'yes'],
      default: 'full',
    },
    endpoint_strategy: {
      type: 'string',
      description: "Whether the endpoint's own settings are replaced or kept.",
      enum: ['overwrite', 'merge'],
      default: 'overwrite',
    },
  },
  differences: ['A captured number is not dialled.'],
};
