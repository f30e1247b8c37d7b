import type { ModuleSchema } from '../schema.ts';

export const callflow: ModuleSchema = {
  module: 'callflow',
  summary: 'Runs another callflow of the account, then continues here.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    id: {
      type: 'string',
      description: 'Name of the `PivotCallflow`.',
      minLength: 1,
      maxLength: 253,
    },
  },
};
