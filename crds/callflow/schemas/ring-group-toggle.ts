import type { ModuleSchema } from '../schema.ts';

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
    callflow_id: {
      type: 'string',
      description: 'Name of the callflow with the ring groups.',
      minLength: 1,
      maxLength: 253,
    },
  },
  required: ['action', 'callflow_id'],
};
