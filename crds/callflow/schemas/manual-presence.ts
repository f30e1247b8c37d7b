import type { ModuleSchema } from '../schema.ts';

export const manualPresence: ModuleSchema = {
  module: 'manual_presence',
  summary: 'Switches a lamp (BLF) by a call.',
  answers: 'yes',
  children: {
    kind: 'default',
  },
  fields: {
    presence_id: {
      type: 'string',
      description: 'Lamp to switch.',
    },
    status: {
      type: 'string',
      description: 'What the lamp shows.',
      enum: ['idle', 'ringing', 'busy'],
      default: 'idle',
    },
  },
  required: ['presence_id'],
};
