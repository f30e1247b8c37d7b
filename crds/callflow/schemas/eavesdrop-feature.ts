import type { ModuleSchema } from '../schema.ts';

export const eavesdropFeature: ModuleSchema = {
  module: 'eavesdrop_feature',
  summary: 'Lets an approved person listen to a call of the captured extension.',
  answers: 'yes',
  children: {
    kind: 'none',
  },
  fields: {
    group_id: {
      type: 'string',
      description: 'Group that the extension must belong to.',
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
