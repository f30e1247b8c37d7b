import type { ModuleSchema } from '../schema.ts';

export const prependCid: ModuleSchema = {
  module: 'prepend_cid',
  summary: 'Puts a prefix before the caller id that called parties see.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    action: {
      type: 'string',
      description: 'Adds a prefix, or removes all of them.',
      enum: ['reset', 'prepend'],
      default: 'prepend',
    },
    apply_to: {
      type: 'string',
      description: 'Before the prefixes set earlier (`current`), or in place of them (`original`).',
      enum: ['original', 'current'],
      default: 'current',
    },
    caller_id_name_prefix: {
      type: 'string',
      description: 'Prefix of the name.',
      default: '',
    },
    caller_id_number_prefix: {
      type: 'string',
      description: 'Prefix of the number.',
      default: '',
    },
  },
};
