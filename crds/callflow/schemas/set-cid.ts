import type { ModuleSchema } from '../schema.ts';

export const setCid: ModuleSchema = {
  module: 'set_cid',
  summary: 'Replaces the caller id on later legs.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    caller_id_name: {
      type: 'string',
      description: 'Name; an empty one removes the replacement.',
      default: '',
    },
    caller_id_number: {
      type: 'string',
      description: 'Number; an empty one removes the replacement.',
      default: '',
    },
  },
};
