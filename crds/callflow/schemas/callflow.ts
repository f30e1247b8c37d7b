import type { ModuleSchema } from '../schema.ts';
import { nameField } from '../shared-fields.ts';

export const callflow: ModuleSchema = {
  module: 'callflow',
  summary: 'Runs another callflow of the account, then continues here.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    id: nameField('Name of the `PivotCallflow`.', 'PivotCallflow'),
  },
};
