import type { ModuleSchema } from '../schema.ts';

export const acdcQueue: ModuleSchema = {
  module: 'acdc_queue',
  summary: 'Logs the calling agent into or out of one queue.',
  answers: 'yes',
  children: {
    kind: 'default',
  },
  fields: {
    action: {
      type: 'string',
      description: 'What to do.',
      enum: ['login', 'logout'],
    },
    id: {
      type: 'string',
      description: 'Name of the queue.',
      minLength: 1,
      maxLength: 253,
    },
  },
};
