import type { ModuleSchema } from '../schema.ts';

export const directory: ModuleSchema = {
  module: 'directory',
  summary: 'Lets the caller find a person by keying in a name.',
  answers: 'yes',
  children: {
    kind: 'default',
  },
  fields: {
    id: {
      type: 'string',
      description: 'Name of the directory.',
      minLength: 1,
      maxLength: 253,
    },
  },
};
