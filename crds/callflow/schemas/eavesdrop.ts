import type { ModuleSchema } from '../schema.ts';

export const eavesdrop: ModuleSchema = {
  module: 'eavesdrop',
  summary: 'Lets an approved person listen to a call.',
  answers: 'yes',
  children: {
    kind: 'none',
  },
  fields: {
    device_id: {
      type: 'string',
      description: 'Device whose call is listened to.',
      minLength: 1,
      maxLength: 253,
    },
    user_id: {
      type: 'string',
      description: 'User whose call is listened to.',
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
