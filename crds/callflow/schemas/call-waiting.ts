import type { ModuleSchema } from '../schema.ts';

export const callWaiting: ModuleSchema = {
  module: 'call_waiting',
  summary: 'Switches call waiting of the calling device or its owner.',
  answers: 'yes',
  children: {
    kind: 'default',
  },
  fields: {
    action: {
      type: 'string',
      description: 'What to do.',
      enum: ['activate', 'deactivate', 'toggle'],
      default: 'toggle',
    },
    scope: {
      type: 'string',
      description: 'Whose setting.',
      enum: ['device', 'user'],
      default: 'device',
    },
  },
};
