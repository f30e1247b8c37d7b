import type { ModuleSchema } from '../schema.ts';

export const intercept: ModuleSchema = {
  module: 'intercept',
  summary: 'Takes over a ringing or answered call.',
  answers: 'yes',
  children: {
    kind: 'none',
  },
  fields: {
    device_id: {
      type: 'string',
      description: 'Device whose call is taken.',
      minLength: 1,
      maxLength: 253,
    },
    user_id: {
      type: 'string',
      description: 'User whose call is taken.',
      minLength: 1,
      maxLength: 253,
    },
    group_id: {
      type: 'string',
      description: 'Group of the target; its members may take the call.',
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
};
