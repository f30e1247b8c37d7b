import type { ModuleSchema } from '../schema.ts';

export const afterBridge: ModuleSchema = {
  module: 'after_bridge',
  summary: 'Says what happens to the caller when a later conversation ends.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    action: {
      type: 'string',
      description: 'What to do then.',
      enum: ['park', 'transfer', 'hangup'],
    },
    data: {
      type: ['boolean', 'string'],
      description: 'True or false for `park` and `hangup`; the extension for `transfer`.',
    },
  },
};
