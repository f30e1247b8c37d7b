import type { ModuleSchema } from '../schema.ts';

export const acdcMember: ModuleSchema = {
  module: 'acdc_member',
  summary: 'Puts the caller into a queue until an agent answers.',
  answers: 'yes',
  children: {
    kind: 'default',
  },
  fields: {
    id: {
      type: 'string',
      description: 'Name of the queue.',
      minLength: 1,
      maxLength: 253,
    },
    priority: {
      type: 'integer',
      description: 'Priority in the queue; higher is served first. Default: what `set_variable` set.',
    },
  },
};
