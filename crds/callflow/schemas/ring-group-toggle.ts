import type { ModuleSchema } from '../schema.ts';
import { nameField } from '../shared-fields.ts';

export const ringGroupToggle: ModuleSchema = {
  module: 'ring_group_toggle',
  summary: 'Takes the caller out of the ring groups of a callflow, or puts them back.',
  answers: 'yes',
  children: {
    kind: 'default',
  },
  fields: {
    action: {
      type: 'string',
      description: 'Back in, or out.',
      enum: ['login', 'logout'],
    },
    callflow_id: nameField('Name of the callflow with the ring groups.', 'PivotCallflow'),
  },
  required: ['action', 'callflow_id'],
};
