import type { ModuleSchema } from '../schema.ts';

export const callForward: ModuleSchema = {
  module: 'call_forward',
  summary: 'Lets a user switch call forwarding by phone.',
  answers: 'yes',
  children: {
    kind: 'default',
  },
  fields: {
    action: {
      type: 'string',
      description: 'What to do; `menu` offers both choices to the caller.',
      enum: ['activate', 'deactivate', 'update', 'toggle', 'menu'],
    },
  },
};
