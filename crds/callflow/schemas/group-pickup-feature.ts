import type { ModuleSchema } from '../schema.ts';
import { groupPickup } from './group-pickup.ts';

/** `group_pickup` for what the dialled number captured. */
export const groupPickupFeature: ModuleSchema = {
  ...groupPickup,
  module: 'group_pickup_feature',
  summary: 'Takes a call that rings at the captured extension.',
  fields: {
    type: {
      type: 'string',
      description: 'What the captured text names.',
      enum: ['group', 'user', 'device', 'extension'],
      default: 'extension',
    },
    ...groupPickup.fields,
  },
  required: ['type'],
};
