import type { ModuleSchema } from '../schema.ts';

export const functionModule: ModuleSchema = {
  module: 'function',
  summary: 'Runs a stored script that returns a callflow.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    id: {
      type: 'string',
      description: 'Name of the script.',
      minLength: 1,
      maxLength: 253,
    },
  },
  differences: ['Scripts are not run: the action is skipped and `_` follows. Use `pivot`.'],
};
