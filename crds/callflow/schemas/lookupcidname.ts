import type { ModuleSchema } from '../schema.ts';

export const lookupcidname: ModuleSchema = {
  module: 'lookupcidname',
  summary: "Replaces the caller's name by that of the lists.",
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    lists: {
      type: 'array',
      description: 'Names of the lists, in order.',
      items: {
        type: 'string',
        description: 'Name of a list.',
        minLength: 1,
        maxLength: 253,
      },
      default: [],
    },
  },
  required: ['lists'],
  differences: ['The name is really replaced; Kazoo does not save the change.'],
};
