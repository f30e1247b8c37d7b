import type { ModuleSchema } from '../schema.ts';

export const groupPickupFeature: ModuleSchema = {
  module: 'group_pickup_feature',
  summary: 'Takes a call that rings at the captured extension.',
  answers: 'no',
  children: {
    kind: 'none',
  },
  fields: {
    type: {
      type: 'string',
      description: 'What the captured text names.',
      enum: ['group', 'user', 'device', 'extension'],
      default: 'extension',
    },
    device_id: {
      type: 'string',
      description: 'Device that rings.',
      minLength: 1,
      maxLength: 253,
    },
    user_id: {
      type: 'string',
      description: 'User whose device rings.',
      minLength: 1,
      maxLength: 253,
    },
    group_id: {
      type: 'string',
      description: 'Group one of whose devices rings.',
      minLength: 1,
      maxLength: 253,
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
  required: ['type'],
};
