import type { ModuleSchema } from '../schema.ts';

export const setVariables: ModuleSchema = {
  module: 'set_variables',
  summary: 'Sets variables of the application, which every later request to a web server carries.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    custom_application_vars: {
      type: 'object',
      description: 'Name to value.',
      default: {},
    },
    export: {
      type: 'boolean',
      description: 'Sets them on later legs too.',
    },
  },
  required: ['custom_application_vars'],
};
