import type { ModuleSchema } from '../schema.ts';

export const interceptFeature: ModuleSchema = {
  module: 'intercept_feature',
  summary: 'Takes over a call of the captured extension.',
  answers: 'no',
  children: {
    kind: 'none',
  },
  fields: {
    type: {
      type: 'string',
      description: 'What the captured text names.',
      enum: ['user', 'device', 'extension'],
    },
    approved_device_id: {
      type: 'string',
      description: 'Device that may do this.',
      minLength: 1,
      maxLength: 253,
    },
    approved_group_id: {
      type: 'string',
      description: 'Group whose members may do this.',
      minLength: 1,
      maxLength: 253,
    },
    approved_user_id: {
      type: 'string',
      description: 'User who may do this, from any of their devices.',
      minLength: 1,
      maxLength: 253,
    },
  },
};
